import { expect, test } from 'vitest';
import type { Device } from '../../../../shared/core/overlay/vtep.ts';
import { type Answer, cluster, type Cluster } from '../../../support/cluster.ts';
import { findings } from '../../../support/findings.ts';
import { decided } from '../../../support/runs.ts';

const six = cluster(6).listed();

function withDevice(edit: (own: Device) => readonly Device[], seen: Cluster = six): Cluster {
  return seen.answer('node1', (answer: Answer) => ({
    ...answer,
    tables: { ...answer.tables, devices: answer.tables.devices?.flatMap(edit) },
  }));
}

const flushed = six.lose('neighbour', { observer: 'node1' }).lose('route', { observer: 'node1' });

const DOWN = ['observer node1 device-down 5/5 critical'];

test('a device that is down explains what the kernel took from its tables', () => {
  expect(findings(withDevice((own) => [{ ...own, up: false }], flushed))).toEqual(DOWN);
});

test('so does one that has lost its address, whatever its tables hold', () => {
  expect(findings(withDevice((own) => [{ ...own, addresses: [] }]))).toEqual(DOWN);
});

test('where no addresses were captured, it is not known whether it has one', () => {
  const captured = withDevice((own) => [{ ...own, addresses: [] }]).answer('node1', (answer) => ({
    ...answer,
    host: { ...answer.host, instanceId: undefined },
  }));
  expect(findings(captured)).toEqual([]);
});

test('a second device that is down is none, as long as one is up', () => {
  const both = withDevice((own) => [{ ...own, name: 'flannel.7', up: false }, own]);
  expect(findings(both)).toEqual([]);
});

test('its fix sets the device up before it sets entries', async () => {
  const { reported } = await decided(
    withDevice((own) => [{ ...own, up: false, addresses: [] }], flushed).facts(),
  );
  const [incident] = reported;
  expect(incident?.fix.map(({ kind }) => kind)).toEqual(['up', 'entries', 'restart']);
  const { tunnelIp } = six.vtepOf('node1');
  expect(incident?.fix[0]?.commands).toEqual([
    `ip addr replace ${tunnelIp}/32 dev flannel.1 && ip link set dev flannel.1 up`,
  ]);
});

test('a device that is set up again without its entries is the same incident, with another cause', async () => {
  const down = withDevice((own) => [{ ...own, up: false }], flushed);
  const { incidents } = await decided(down.facts());
  const { reported } = await decided(flushed.facts(), incidents);
  expect(reported.map(({ key, cause }) => `${key} ${cause}`)).toEqual([
    'prod/observer/node1 neighbours-and-routes-lost',
  ]);
});
