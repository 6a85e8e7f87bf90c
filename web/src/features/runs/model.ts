/** Rules of runs and tasks: which states are the end, where the bars of a timeline begin and end, live changes. */

const OVER = new Set(['succeeded', 'reused', 'failed', 'cancelled', 'skipped', 'stopped']);

export function isOver(state: string): boolean {
  return OVER.has(state);
}

/** Whether a task waits for room; the scheduler then says why. */
export function isWaiting(state: string): boolean {
  return state === 'queued';
}

export const RUN_STATES = ['queued', 'running', 'stopping', 'succeeded', 'failed', 'cancelled'] as const;

export type RunState = (typeof RUN_STATES)[number];

export function isRunState(text: string | undefined): text is RunState {
  return RUN_STATES.some((state) => state === text);
}

interface Timed {
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
}

export interface Bar {
  /** Share of the whole width, 0 to 1. */
  left: number;
  width: number;
  /** Share that was spent waiting before the start. */
  waitLeft: number;
  waitWidth: number;
}

export interface Span {
  begin_ms: number;
  end_ms: number;
}

/** The time that a timeline shows: from the first creation to the last end, or to now while something goes on. */
export function spanOf(tasks: Timed[], now_ms: number): Span {
  const begins = tasks.map((task) => Date.parse(task.created_at));
  const ends = tasks.map((task) =>
    task.finished_at ? Date.parse(task.finished_at) : task.started_at ? now_ms : Date.parse(task.created_at),
  );
  const begin = Math.min(...begins);
  return begins.length === 0
    ? { begin_ms: now_ms - 1000, end_ms: now_ms }
    : { begin_ms: begin, end_ms: Math.max(begin + 1000, ...ends) };
}

export function barOf(task: Timed, span: Span, now_ms: number): Bar {
  const length = span.end_ms - span.begin_ms;
  const share = (at_ms: number) => Math.min(1, Math.max(0, (at_ms - span.begin_ms) / length));
  const created = share(Date.parse(task.created_at));
  const start = task.started_at ? share(Date.parse(task.started_at)) : null;
  const end = task.finished_at ? share(Date.parse(task.finished_at)) : share(now_ms);
  return start === null
    ? { left: end, width: 0, waitLeft: created, waitWidth: Math.max(0, end - created) }
    : {
        left: start,
        width: Math.max(0, end - start),
        waitLeft: created,
        waitWidth: Math.max(0, start - created),
      };
}

const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400];

/** Where the axis of a timeline has marks, in seconds from its beginning: about `count` of them, at round times. */
export function ticks(length_s: number, count = 6): number[] {
  const wanted = length_s / count;
  const step = STEPS_S.find((each) => each >= wanted) ?? Math.ceil(wanted / 86400) * 86400;
  return Array.from({ length: Math.floor(length_s / step) + 1 }, (_, index) => index * step);
}

export interface LiveTask {
  id: number;
  state?: string;
  reason?: string;
  why?: string;
  reused_from?: number | null;
  num_attempts?: number;
  endpoint?: string;
  progress?: number | null;
  progress_message?: string;
  progress_message_zh?: string;
  started_at?: string | null;
  finished_at?: string | null;
}

/** Put what a live event tells into the tasks that are known; the same array when nothing changed. */
export function withLiveTask<T extends { id: number }>(tasks: T[], event: LiveTask): T[] {
  if (!tasks.some((task) => task.id === event.id)) return tasks;
  return tasks.map((task) => (task.id === event.id ? { ...task, ...known(event, task) } : task));
}

function known<T extends object>(event: LiveTask, task: T): Partial<T> {
  return Object.fromEntries(Object.entries(event).filter(([key]) => key in task)) as Partial<T>;
}

/** Put one live event into a run; what it does not know is left to the next reading. */
export function withLiveEvent<R extends { tasks: { id: number }[] }>(
  run: R,
  { type, data }: { type: string; data: Record<string, unknown> },
): R {
  if (type === 'task') return { ...run, tasks: withLiveTask(run.tasks, data as unknown as LiveTask) };
  if (type === 'run') return { ...run, ...data };
  if (type !== 'metrics') return run;
  const { task_id, progress, message, message_zh } = data as {
    task_id: number;
    progress: number | null;
    message: string;
    message_zh: string;
  };
  return {
    ...run,
    tasks: withLiveTask(run.tasks, {
      id: task_id,
      progress,
      progress_message: message,
      progress_message_zh: message_zh,
    }),
  };
}

/**
 * The tasks of now, but the objects, and the array, of before wherever nothing but their progress has changed: what is
 * drawn from them is left alone meanwhile.
 */
export function withoutProgress<T extends { id: number; progress: unknown; progress_message: unknown }>(
  before: T[],
  now: T[],
): T[] {
  const old = new Map(before.map((task) => [task.id, task]));
  const steady = now.map((task) => {
    const last = old.get(task.id);
    return last !== undefined &&
      isSameBut(['progress', 'progress_message', 'progress_message_zh'], last, task)
      ? last
      : task;
  });
  const isSame = steady.length === before.length && steady.every((task, index) => task === before[index]);
  return isSame ? before : steady;
}

/** A run whose own facts are as before is the object of before, whatever its tasks did. */
export function withoutTasks<T extends { tasks: unknown; seq: unknown }>(before: T, now: T): T {
  return isSameBut(['tasks', 'seq'], before, now) ? before : now;
}

function isSameBut(changing: string[], a: object, b: object): boolean {
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  return Object.keys(right).every((key) => changing.includes(key) || Object.is(left[key], right[key]));
}

const HOMES: Record<string, string> = { dataset_import: 'datasets', algorithm_install: 'algorithms' };

/** The list that a task which stands alone was begun from, as the navigation calls it. */
export function homeOf({ algorithm, function: name }: { algorithm: string; function: string }): string {
  return HOMES[algorithm] ?? (name === 'serve' ? 'endpoints' : 'runs');
}

/** Whether an output is an evaluation's report, which has a page of its own. */
export function isReport(output: { type: string; kind: string; files: { path: string }[] }): boolean {
  return (
    output.type === 'files' &&
    output.kind === 'metrics' &&
    output.files.some(({ path }) => path === 'report.json')
  );
}
