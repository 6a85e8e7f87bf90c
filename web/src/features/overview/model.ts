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
