import type { Schemas } from '@/api/client';

export interface DeviceCell {
  name: string;
  /** How much of it is held, 0 to 1. */
  share: number;
}

/** A cell for each device, machine by machine. */
export function deviceCells(machines: Schemas['MachineOut'][]): DeviceCell[] {
  return machines.flatMap(({ name, devices }) =>
    devices.map(({ kind, index, held_milli }) => ({
      name: `${name} · ${kind.toUpperCase()} ${index}`,
      share: held_milli / 1000,
    })),
  );
}

/** What is held of CPU, memory and each kind of device, devices first; models of a kind are left out. */
export function heldOf({
  total,
  held,
}: Pick<Schemas['MachinesOut'], 'total' | 'held'>): { resource: string; held: number; total: number }[] {
  const place = (resource: string) => ['cpu', 'memory'].indexOf(resource);
  return Object.entries(total)
    .filter(([resource]) => !resource.includes(':'))
    .sort(([a], [b]) => place(a) - place(b) || (a < b ? -1 : 1))
    .map(([resource, amount]) => ({ resource, held: held[resource] ?? 0, total: amount }));
}
