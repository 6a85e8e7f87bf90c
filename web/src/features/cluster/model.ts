/** Rules of the cluster page: shares of a machine as cells, and who holds them. */

import type { Schemas } from '@/api/client';

export type Machine = Schemas['MachineOut'];
export type Device = Schemas['DeviceOut'];

/** One core, or one device: how much of it is held, 0 to 1, and by which tasks. */
export interface Cell {
  share: number;
  taskIds: number[];
}

const MAX_CORES = 128;

/** The cores of a machine, filled by its holders one after the other. Very many cores are drawn as groups. */
export function coreCells(machine: Machine): { cells: Cell[]; coresPerCell: number } {
  const cores = Math.max(1, Math.ceil(machine.cpu_milli / 1000));
  const coresPerCell = Math.ceil(cores / MAX_CORES);
  const size = coresPerCell * 1000;
  const count = Math.ceil(cores / coresPerCell);
  const cells = Array.from({ length: count }, (): Cell => ({ share: 0, taskIds: [] }));
  let at = 0;
  for (const holder of machine.holders) {
    let left = holder.cpu_milli;
    while (left > 0 && at < count * size) {
      const index = Math.floor(at / size);
      const part = Math.min(left, (index + 1) * size - at);
      const cell = cells[index] as Cell;
      cell.share += part / size;
      if (!cell.taskIds.includes(holder.task_id)) cell.taskIds.push(holder.task_id);
      at += part;
      left -= part;
    }
  }
  return { cells, coresPerCell };
}

export function deviceCell(device: Device): Cell {
  return { share: device.held_milli / 1000, taskIds: device.holders.map(({ task_id }) => task_id) };
}

const COLOURS = [
  'var(--kind-train)',
  'var(--kind-dataset)',
  'var(--kind-infer)',
  'var(--kind-process)',
  'var(--kind-model)',
  'var(--kind-serve)',
  'var(--kind-test)',
  'var(--kind-compile)',
];

/** Each holder has a colour of its own while it holds something; those one may not see are grey. */
export function holderColour(taskId: number | undefined): string {
  return taskId === undefined || taskId === 0 ? 'var(--fg-3)' : (COLOURS[taskId % COLOURS.length] as string);
}

export interface Totals {
  machines: number;
  cores: number;
  heldCores: number;
  memoryMib: number;
  heldMemoryMib: number;
  devices: number;
  heldDevices: number;
}

export function totals(machines: Machine[]): Totals {
  const sum = (of: (machine: Machine) => number) =>
    machines.reduce((total, machine) => total + of(machine), 0);
  return {
    machines: machines.length,
    cores: sum(({ cpu_milli }) => cpu_milli) / 1000,
    heldCores: sum(({ held_cpu_milli }) => held_cpu_milli) / 1000,
    memoryMib: sum(({ memory_mib }) => memory_mib),
    heldMemoryMib: sum(({ held_memory_mib }) => held_memory_mib),
    devices: sum(({ devices }) => devices.length),
    heldDevices: sum(({ devices }) => devices.reduce((held, { held_milli }) => held + held_milli, 0)) / 1000,
  };
}

export type Queue = Schemas['QueueOut'];

/** Queues from the top of the tree downwards, each below the one above it; those whose parent is hidden come on top. */
export function treeOf(queues: Queue[]): { queue: Queue; depth: number }[] {
  const names = new Set(queues.map(({ name }) => name));
  const below = (parent: string | null, depth: number): { queue: Queue; depth: number }[] =>
    queues
      .filter((each) => (names.has(each.parent) ? each.parent : null) === parent)
      .flatMap((queue) => [{ queue, depth }, ...below(queue.name, depth + 1)]);
  return below(null, 0);
}

/** What a queue has of one resource, in the unit of the API. */
export interface Quota {
  resource: string;
  used: number;
  borrowed: number;
  guaranteed: number;
  limit: number | null;
}

/** Devices first, as people ask for those; of models and tasks only what is promised or bounded, of others what is used too. */
export function quotasOf({ used, borrowed, guaranteed, limit }: Queue): Quota[] {
  const names = new Set([used, borrowed, guaranteed, limit].flatMap(Object.keys));
  const place = (resource: string) => ['cpu', 'memory', 'storage', 'tasks'].indexOf(resource);
  return [...names]
    .sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1))
    .map((resource) => ({
      resource,
      used: used[resource] ?? 0,
      borrowed: borrowed[resource] ?? 0,
      guaranteed: guaranteed[resource] ?? 0,
      limit: limit[resource] ?? null,
    }))
    .filter(
      ({ resource, used: amount, guaranteed: promised, limit: most }) =>
        promised > 0 || most !== null || (amount > 0 && resource !== 'tasks' && !resource.includes(':')),
    );
}

/** Parts of a bar, 0 to 1: used within the guarantee, borrowed, guaranteed and free. Its length is the limit or all there is. */
export function barOf({ used, borrowed, guaranteed, limit }: Quota, total: number): [number, number, number] {
  const whole = Math.max(limit ?? total, used, guaranteed, 1);
  const own = Math.max(used - borrowed, 0);
  return [own / whole, Math.min(borrowed, used) / whole, Math.max(guaranteed - own, 0) / whole];
}

/** How much there is of a resource on all machines, in the unit of quotas; 0 for what machines do not have. */
export function totalOf(machines: Machine[], resource: string): number {
  if (resource === 'cpu') return machines.reduce((sum, { cpu_milli }) => sum + cpu_milli, 0);
  if (resource === 'memory') return machines.reduce((sum, { memory_mib }) => sum + memory_mib, 0);
  const [kind, model] = resource.split(':');
  const devices = machines.flatMap((machine) => machine.devices);
  return 1000 * devices.filter((each) => each.kind === kind && (!model || each.model === model)).length;
}
