import { linkNamed } from './model.ts';
import type { Address, Link, Model } from './model.ts';
import type { Options } from './options.ts';
import { changed, noDevice, notModelled, shown } from './reply.ts';
import type { Reply } from './reply.ts';
import { askedFor, wordAfter } from './words.ts';

/** `ip -o addr`: with the addresses that the kernel gives a device itself. */
export function showAddresses(model: Model, words: readonly string[], options: Options): Reply {
  if (!options.oneLine) return notModelled(['addr without -o', ...words]);
  const asked = askedFor(words, ['dev']);
  if (asked === undefined) return notModelled(['addr', ...words]);
  const name = asked.get('dev');
  if (name !== undefined && linkNamed(model, name) === undefined) {
    return { kind: 'refused', exit: 1, message: `Device "${name}" does not exist.` };
  }
  const links = model.links.filter((link) => (name ?? link.name) === link.name);
  return shown(
    links.flatMap((link) =>
      addressesOf(model, link).map(
        (text) =>
          `${link.index}: ${link.name}    ${text}\\       valid_lft forever preferred_lft forever`,
      ),
    ),
  );
}

export function replaceAddress(model: Model, words: readonly string[]): Reply {
  const device = wordAfter(words, 'dev') ?? '';
  const address = words[0];
  if (linkNamed(model, device) === undefined) return noDevice(device);
  if (address === undefined) return notModelled(words);
  const others = model.addresses.filter(
    (held) => held.device !== device || held.address !== address,
  );
  return changed({ ...model, addresses: [...others, { device, address }] });
}

function addressesOf(model: Model, { name, kind }: Link): readonly string[] {
  if (kind === 'loopback') return ['inet 127.0.0.1/8 scope host lo', 'inet6 ::1/128 scope host '];
  const own = model.addresses.filter(({ device }) => device === name);
  return [
    ...own.filter(isIpv4).map(({ address }) => `inet ${address} scope global ${name}`),
    ...own.filter((held) => !isIpv4(held)).map(({ address }) => `inet6 ${address} scope link `),
  ];
}

function isIpv4({ address }: Address): boolean {
  return !address.includes(':');
}
