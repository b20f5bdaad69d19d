import { afterAll, beforeAll, expect, test } from 'vitest';
import { simulatedHosts } from '../../lab/machines/simulated/hosts.ts';
import { type SimulatedWorld, startSimulatedWorld } from '../../lab/world.ts';

let world: SimulatedWorld | undefined;

beforeAll(async () => {
  world = await startSimulatedWorld(simulatedHosts(6, 3), {
    cluster: 'stateless',
    kubernetes: { imageBytes: 0 },
  });
});
afterAll(async () => world?.close());

test('while DynamoDB is away a fault is paged once, and the run counts as failed', async () => {
  if (world === undefined) throw new Error('there is no world');
  const { aws, cluster } = world;
  expect((await world.tick()).verdict).toBe('healthy');

  const error = { type: 'InternalServerError', message: 'away', status: 500 } as const;
  aws.dynamoDb.gate.fail({ operation: '*', fault: { kind: 'refused', error } });
  const subject = cluster.hosts[4]?.name ?? '';
  cluster.inflict({ kind: 'lost', tables: ['neighbour'], on: 'all', of: [subject] });
  await expect(world.tick()).rejects.toThrow(
    'the run has checked and paged, and its state is not stored',
  );
  const pages = await world.newPages();
  expect(pages.map(({ attributes }) => attributes['kind'])).toEqual(['opened']);
  expect(pages[0]?.message).toContain(`${subject} `);
  expect(pages[0]?.message.trimEnd().split('\n').at(-1)).toBe(
    'The state of vtepwatch is unavailable (DynamoDB): this page may repeat.',
  );

  await expect(world.tick()).rejects.toThrow('its state is not stored');
  expect(await world.newPages()).toEqual([]);

  aws.dynamoDb.gate.open();
  const { incidents } = await world.tick();
  expect(incidents.map(({ key, phase }) => [key, phase])).toEqual([
    [`stateless/subject/${subject}`, 'open'],
  ]);
  expect(await world.newPages()).toEqual([]);
});
