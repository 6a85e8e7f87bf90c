/** Rules of comparing runs: which of them, where they differ, which value is best, what a spreadsheet gets. */

import { csvText } from '@/ui/csv';
import { type DocumentEdge, parseEnd, sentenceOf } from '@/viz/graph/document';

export const MIN_RUNS = 2;
export const MAX_RUNS = 8;

/** Numbers of runs out of an address, each once, in the order given: `3,5,8`. What is no number is left out. */
export function parseIds(text: string | undefined): number[] {
  const numbers = (text ?? '').split(',').map((part) => (/^\d+$/.test(part) ? Number(part) : 0));
  return [...new Set(numbers.filter((id) => Number.isSafeInteger(id) && id > 0))];
}

export function isComparable(ids: number[]): boolean {
  return ids.length >= MIN_RUNS && ids.length <= MAX_RUNS;
}

export const GROUPS = ['graph', 'parameters', 'inputs', 'algorithms', 'resources', 'environment'] as const;

export type Group = (typeof GROUPS)[number];

interface Device {
  kind: string;
  count: number;
}

/** What of a task decides its result; a condition has nothing but what it compares. */
export interface ComparedTask {
  name: string;
  algorithm: string;
  version: string;
  function: string;
  environment: string;
  parameters: Record<string, unknown>;
  inputs: { name: string; type: string; artifact: string | null; published_as?: string }[];
  resources: { cpu_milli: number; memory_mib: number; devices: Device[] };
  condition?: { metric: string; operator: string; value: number } | null;
}

/** `name` as in `digits@3`. */
export interface Version {
  type: string;
  name: string;
}

export interface Difference {
  group: Group;
  /** Name of the step; empty for what belongs to the whole run. */
  task: string;
  /** Of the setting; in a graph, of the port that is fed, empty for what only has to be over before. */
  name: string;
  /** One a run; null where a run has no such step or setting. */
  values: (string | null)[];
  /** One a run: the version of a dataset or model that an input is; null for what is none. */
  versions: (Version | null)[];
  isDifferent: boolean;
}

/** Text of a setting. Equal settings have equal texts, whatever the order of their keys. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return JSON.stringify(value, (_, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

type Fact = [group: Group, task: string, name: string, value: string, version?: Version | null];

function factsOf(task: ComparedTask): Fact[] {
  const { resources, condition } = task;
  if (condition) return [['algorithms', task.name, 'condition', sentenceOf(condition)]];
  const facts: Fact[] = [
    ...Object.entries(task.parameters).map(
      ([name, value]): Fact => ['parameters', task.name, name, textOf(value)],
    ),
    ...task.inputs.flatMap(({ name, type, artifact, published_as }): Fact[] =>
      artifact === null
        ? []
        : [['inputs', task.name, name, artifact, published_as ? { type, name: published_as } : null]],
    ),
    ['algorithms', task.name, 'algorithm', `${task.algorithm} ${task.version} · ${task.function}`],
    ['resources', task.name, 'cpu', String(resources.cpu_milli / 1000)],
    ['resources', task.name, 'memory', `${resources.memory_mib} MiB`],
    ['environment', task.name, 'environment', task.environment],
  ];
  if (resources.devices.length > 0) {
    const devices = resources.devices.map(({ kind, count }) => `${count} ${kind.toUpperCase()}`).join(', ');
    facts.push(['resources', task.name, 'devices', devices]);
  }
  return facts;
}

/** What feeds each port of a graph. */
function linksOf(edges: DocumentEdge[]): Fact[] {
  const sources = new Map<string, string[]>();
  for (const { from, to } of edges) sources.set(to, [...(sources.get(to) ?? []), from]);
  return [...sources].map(([to, from]): Fact => {
    const { node, port } = parseEnd(to);
    return ['graph', node, port, from.sort().join(', ')];
  });
}

/**
 * All facts of the runs side by side, by group and then in the order of the steps. Steps are the same by name.
 *
 * `graphs` are the edges of the runs' pipelines.
 */
export function differences(runs: ComparedTask[][], graphs: DocumentEdge[][] = []): Difference[] {
  const rows = new Map<string, Difference>();
  runs.forEach((tasks, index) => {
    const facts = [...linksOf(graphs[index] ?? []), ...tasks.flatMap(factsOf)];
    for (const [group, task, name, value, version] of facts) {
      const key = JSON.stringify([group, task, name]);
      const row = rows.get(key) ?? {
        group,
        task,
        name,
        values: runs.map(() => null),
        versions: runs.map(() => null),
        isDifferent: false,
      };
      row.values[index] = value;
      row.versions[index] = version ?? null;
      rows.set(key, row);
    }
  });
  const all = [...rows.values()].map((row) => ({ ...row, isDifferent: new Set(row.values).size > 1 }));
  return GROUPS.flatMap((group) => all.filter((row) => row.group === group));
}

export type Direction = 'max' | 'min';

/**
 * Which runs have the best value. None where the direction is not known, fewer than two runs measured it,
 * or all that did are equally good: a mark that all wear tells nothing.
 */
export function bestOf(values: (number | null)[], direction: Direction | null): Set<number> {
  const measured = values.filter((value): value is number => value !== null && Number.isFinite(value));
  if (direction === null || measured.length < 2 || new Set(measured).size === 1) return new Set();
  const best = direction === 'max' ? Math.max(...measured) : Math.min(...measured);
  return new Set(values.flatMap((value, index) => (value === best ? [index] : [])));
}

export interface MeasuredTask {
  /** Name of the step. */
  task: string;
  metrics: { name: string; last: number; num_points: number }[];
  /** By name of the metric; those that the algorithm does not promise are missing. */
  directions: Record<string, Direction>;
}

export interface MetricRow {
  task: string;
  name: string;
  /** Last value of each run; null where it measured none. */
  values: (number | null)[];
  direction: Direction | null;
  best: Set<number>;
  /** Whether any run has more than one value, so that there is a curve to draw. */
  isCurve: boolean;
}

/** Metrics of all runs, one row for each metric of a step. Runs that disagree about the direction leave it unknown. */
export function metricRows(runs: MeasuredTask[][]): MetricRow[] {
  const rows = new Map<string, MetricRow & { known: Set<Direction> }>();
  runs.forEach((tasks, index) => {
    for (const { task, metrics, directions } of tasks) {
      for (const { name, last, num_points } of metrics) {
        const key = JSON.stringify([task, name]);
        const row = rows.get(key) ?? {
          task,
          name,
          values: runs.map(() => null),
          direction: null,
          best: new Set<number>(),
          isCurve: false,
          known: new Set<Direction>(),
        };
        row.values[index] = last;
        row.isCurve ||= num_points > 1;
        if (directions[name]) row.known.add(directions[name]);
        rows.set(key, row);
      }
    }
  });
  return [...rows.values()].map(({ known, ...row }) => {
    const direction = known.size === 1 ? ([...known][0] as Direction) : null;
    return { ...row, direction, best: bestOf(row.values, direction) };
  });
}

/** Both tables in one file: kind, step, name, and a column for each run. Numbers keep all their digits. */
export function csvOf(titles: string[], facts: Difference[], metrics: MetricRow[]): string {
  return csvText([
    ['kind', 'step', 'name', ...titles],
    ...facts.map(({ group, task, name, values }) => [group, task, name, ...values.map((each) => each ?? '')]),
    ...metrics.map(({ task, name, values }) => [
      'metrics',
      task,
      name,
      ...values.map((each) => (each === null ? '' : String(each))),
    ]),
  ]);
}

/** A range of steps out of an address, as in `10-200`; null for all. */
export function parseRange(text: string | undefined): [number, number] | null {
  const found = /^(\d+)-(\d+)$/.exec(text ?? '');
  const [begin, end] = [Number(found?.[1]), Number(found?.[2])];
  return found && begin <= end ? [begin, end] : null;
}
