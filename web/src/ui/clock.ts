/** One clock for all that keeps up with time, so that a page is drawn once a tick and not once for each reader. */

export const TICK_MS = 500;

interface Listener {
  everyMs: number;
  /** Number of the period in which it was called last. */
  period: number;
  onTick: (now: number) => void;
}

const listeners = new Set<Listener>();
let timer: ReturnType<typeof setTimeout> | undefined;

function schedule(): void {
  timer = setTimeout(tick, TICK_MS - (Date.now() % TICK_MS));
}

function tick(): void {
  const now = Date.now();
  for (const listener of [...listeners]) {
    const period = Math.floor(now / listener.everyMs);
    if (period === listener.period) continue;
    listener.period = period;
    listener.onTick(now);
  }
  timer = undefined;
  if (listeners.size > 0) schedule();
}

/**
 * Calls back at every full `everyMs` of the clock, a multiple of ticks; all callbacks of a tick come together.
 * @returns what ends it.
 */
export function every(everyMs: number, onTick: (now: number) => void): () => void {
  const listener = { everyMs, period: Math.floor(Date.now() / everyMs), onTick };
  listeners.add(listener);
  if (timer === undefined) schedule();
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearTimeout(timer);
    timer = undefined;
  };
}

/** Calls back once, at the next tick. */
export function atNextTick(action: () => void): void {
  const end = every(TICK_MS, () => {
    end();
    action();
  });
}
