/** Rules of the cluster page: shares of a machine as cells, and who holds them. */

import type { Schemas } from '@/api/client';
import { taskPath } from '@/viz/tasks/place';

export type Machine = Schemas['MachineOut'];
export type Device = Schemas['DeviceOut'];

/** One core: how much of it is held, 0 to 1, and by which tasks. */
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

/** What a cell of a device shows: how busy it is, or where it does not tell, how much of it is held. */
export interface DeviceCell {
  fill: number;
  isMeasured: boolean;
  isFree: boolean;
  /** Several tasks have parts of it, or one has a part that leaves room. */
  isShared: boolean;
}

export function deviceCell({ held_milli, holders, utilisation }: Device): DeviceCell {
  return {
    fill: Math.min(1, Math.max(0, utilisation ?? held_milli / 1000)),
    isMeasured: utilisation !== null && utilisation !== undefined,
    isFree: held_milli === 0,
    isShared: holders.length > 1 || (holders.length === 1 && held_milli < 1000),
  };
}

export type MachineState = Schemas['MachineState'];

export function stateOf(machine: Pick<Machine, 'is_healthy' | 'is_draining' | 'is_cordoned'>): MachineState {
  if (!machine.is_healthy) return 'lost';
  if (machine.is_draining) return 'draining';
  return machine.is_cordoned ? 'cordoned' : 'open';
}

export const STATES: MachineState[] = ['open', 'cordoned', 'draining', 'lost'];

/** Where a task is shown; undefined for one that one may not see. */
export function placeOf(task: {
  task_id: number;
  project: string;
  run_id?: number | null;
  name: string;
}): string | undefined {
  if (task.project === '') return undefined;
  return taskPath(task.project, { id: task.task_id, run_id: task.run_id ?? null, name: task.name });
}

export const PAGE = 100;
export const ROW_HEIGHT = 40;

/** Rows to draw of so many, a few more than are in view, and the pages that these are on. */
export function windowOf(top: number, height: number, count: number): { rows: number[]; pages: number[] } {
  const first = Math.max(0, Math.floor(top / ROW_HEIGHT) - 3);
  const last = Math.min(count, Math.ceil((top + height) / ROW_HEIGHT) + 3);
  const rows = Array.from({ length: Math.max(0, last - first) }, (_, index) => first + index);
  return { rows, pages: [...new Set(rows.map((row) => Math.floor(row / PAGE)))] };
}

/** How the page scrolls so that a row is in view; null where it is already. */
export function scrollTo(row: number, top: number, height: number): number | null {
  if (row * ROW_HEIGHT < top) return row * ROW_HEIGHT;
  const below = (row + 1) * ROW_HEIGHT;
  return below > top + height ? below - height : null;
}

/** A cell of the matrix: its row and column; columns are the machine, CPU, memory, then devices. */
export type Place = [row: number, column: number];

/** Where a key leads from a cell, in a grid of so many rows; null for keys that lead nowhere. */
export function moved([row, column]: Place, key: string, rows: number, columns: number): Place | null {
  const far = 10;
  const to: Record<string, Place> = {
    ArrowUp: [row - 1, column],
    ArrowDown: [row + 1, column],
    ArrowLeft: [row, Math.min(column, columns - 1) - 1],
    ArrowRight: [row, column + 1],
    PageUp: [row - far, column],
    PageDown: [row + far, column],
    Home: [row, 0],
    End: [row, columns - 1],
    'Control+Home': [0, 0],
    'Control+End': [rows - 1, column],
  };
  const place = to[key];
  if (!place) return null;
  const within = (value: number, count: number) => Math.min(Math.max(0, value), Math.max(0, count - 1));
  // A longer row above or below keeps the column; a shorter one is entered at its last cell when one moves sideways.
  return [within(place[0], rows), place[0] === row ? within(place[1], columns) : place[1]];
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

/**
 * Parts of a bar, 0 to 1: used within the guarantee, borrowed, guaranteed and free. Its length is the limit or all there
 * is; null where neither is known.
 */
export function barOf(
  { used, borrowed, guaranteed, limit }: Quota,
  total: number,
): [number, number, number] | null {
  if (limit === null && total === 0 && guaranteed === 0) return null;
  const whole = Math.max(limit ?? total, used, guaranteed, 1);
  const own = Math.max(used - borrowed, 0);
  return [own / whole, Math.min(borrowed, used) / whole, Math.max(guaranteed - own, 0) / whole];
}
