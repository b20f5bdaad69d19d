import { hasCarrier, linkNamed } from './model.ts';
import type { Model, Route } from './model.ts';
import type { Options } from './options.ts';
import { changed, kernelRefused, noDevice, notModelled, shown } from './reply.ts';
import type { Reply } from './reply.ts';
import { askedFor, wordAfter } from './words.ts';

interface Printed {
  readonly device: string;
  readonly destination: string;
  /** What follows the destination and the device. */
  readonly before: string;
  readonly after: string;
}

export function showRoutes(model: Model, words: readonly string[], options: Options): Reply {
  const asked = askedFor(words, ['dev']);
  if (asked === undefined) return notModelled(['route', ...words]);
  const device = asked.get('dev');
  if (device !== undefined && linkNamed(model, device) === undefined) return noDevice(device);
  if (options.ipv6) return shown(linkLocalRoutes(model, device));
  return shown(
    [...model.routes.map(given), ...kernelRoutes(model)]
      .filter((route) => (device ?? route.device) === route.device)
      .toSorted((a, b) => sortKey(a.destination) - sortKey(b.destination))
      .map(({ destination, before, after, device: on }) => {
        const dev = device === undefined ? ` dev ${on}` : '';
        return `${destination}${before}${dev}${after} `;
      }),
  );
}

export function replaceRoute(model: Model, words: readonly string[]): Reply {
  const [destination] = words;
  const via = wordAfter(words, 'via');
  const device = wordAfter(words, 'dev') ?? '';
  const link = linkNamed(model, device);
  if (link === undefined) return noDevice(device);
  if (destination === undefined || via === undefined) return notModelled(words);
  if (!link.up) return { kind: 'refused', exit: 2, message: 'Error: Nexthop device is not up.' };
  const others = model.routes.filter((route) => route.destination !== destination);
  const route: Route = { device, destination, via, onlink: words.includes('onlink') };
  return changed({ ...model, routes: [...others, route] });
}

export function deleteRoute(model: Model, words: readonly string[]): Reply {
  const [destination] = words;
  const via = wordAfter(words, 'via');
  const device = wordAfter(words, 'dev');
  if (device !== undefined && linkNamed(model, device) === undefined) return noDevice(device);
  const routes = model.routes.filter(
    (route) =>
      route.destination !== destination ||
      (via ?? route.via) !== route.via ||
      (device ?? route.device) !== route.device,
  );
  if (routes.length === model.routes.length) return kernelRefused('No such process');
  return changed({ ...model, routes });
}

function given({ device, destination, via, onlink }: Route): Printed {
  return { device, destination, before: ` via ${via}`, after: onlink ? ' onlink' : '' };
}

/** A device's own network. Only /24 and /32 are ever given. */
function kernelRoutes(model: Model): readonly Printed[] {
  return model.addresses.flatMap(({ device, address }) => {
    const link = linkNamed(model, device);
    if (link === undefined || !link.up || !address.endsWith('/24')) return [];
    const after = ` proto kernel scope link src ${address.replace('/24', '')}`;
    return [
      {
        device,
        destination: address.replace(/\.\d+\/24$/, '.0/24'),
        before: '',
        after: hasCarrier(link) ? after : `${after} linkdown`,
      },
    ];
  });
}

function linkLocalRoutes(model: Model, device: string | undefined): readonly string[] {
  return model.addresses
    .filter(({ address }) => address.endsWith('/64'))
    .filter((held) => (device ?? held.device) === held.device)
    .map((held) => {
      const dev = device === undefined ? ` dev ${held.device}` : '';
      return `fe80::/64${dev} proto kernel metric 256 pref medium`;
    });
}

/** The kernel lists routes by their destination's address. */
function sortKey(destination: string): number {
  const bytes = destination.replace(/\/.*/, '').split('.').map(Number);
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}
