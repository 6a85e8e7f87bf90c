import type { Schemas } from '@/api/client';

const GOING_ON = new Set(['queued', 'running', 'stopping']);

interface RunLike {
  state: string;
  created_by: string;
  created_at: string;
}

/** Runs that go on: one's own first, then the newest. */
export function goingOn<T extends RunLike>(runs: T[], username: string): T[] {
  return runs
    .filter(({ state }) => GOING_ON.has(state))
    .sort(
      (a, b) =>
        Number(b.created_by === username) - Number(a.created_by === username) ||
        b.created_at.localeCompare(a.created_at),
    );
}

const DAY_MS = 86_400_000;

/** What ended in the last day. */
export function ofLastDay<T extends { finished_at: string | null }>(items: T[], nowMs: number): T[] {
  return items.filter(({ finished_at: at }) => at !== null && nowMs - Date.parse(at) < DAY_MS);
}

interface TaskLike {
  state: string;
  progress: number | null;
}

const DONE = new Set(['succeeded', 'reused', 'ready', 'skipped']);

/** How much of a run is done, from 0 to 1: each task counts the same, a running one in part. */
export function runProgress(tasks: TaskLike[]): number | null {
  if (tasks.length === 0) return null;
  const done = tasks.reduce((sum, { state, progress }) => sum + (DONE.has(state) ? 1 : (progress ?? 0)), 0);
  return done / tasks.length;
}

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

/** The step in the address of its run; with a line counted from the end, its log at that line. */
export const placeOf = (step: string, lineFromEnd?: number): string =>
  `?${new URLSearchParams({ task: step, ...(lineFromEnd ? { tab: 'log', line: String(-lineFromEnd) } : {}) })}`;

/** Pages of what tasks without a run make; an endpoint is its own page. */
const MADE_ON: Record<string, string> = { dataset_import: 'datasets', algorithm_install: 'algorithms' };

/** The parts of the address, below its project, where one goes on with a task that failed. */
export function wayTo({
  run_id,
  algorithm,
  function: name,
}: Pick<Schemas['TaskOut'], 'run_id' | 'algorithm' | 'function'>): (string | number)[] {
  if (run_id !== null) return ['runs', run_id];
  return [name === 'serve' ? 'endpoints' : (MADE_ON[algorithm] ?? 'runs')];
}
