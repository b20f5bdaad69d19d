import type { Machine, Machines } from './machine.ts';

export function machineNamed({ machines }: Machines, name: string): Machine {
  const machine = machines.find((candidate) => candidate.name === name);
  if (machine === undefined) throw new Error(`looking for ${name}: no such machine in the lab`);
  return machine;
}
