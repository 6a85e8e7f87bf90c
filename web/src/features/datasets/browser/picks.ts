/** Samples that may be selected at once: what the server takes in one request. */
export const MOST_PICKED = 10_000;

/** Samples that are selected, by their keys, which stay the same whatever is filtered. */
export interface Picks {
  keys: ReadonlySet<string>;
  /** The place in the list from which a range goes on; null once the list is another one. */
  anchor: number | null;
  /** How many the last selection had to leave out. */
  numLeftOut: number;
}

export const NO_PICKS: Picks = { keys: new Set(), anchor: null, numLeftOut: 0 };

/** One sample more or less. */
export function toggled(picks: Picks, key: string, anchor: number): Picks {
  if (!picks.keys.has(key)) return added(picks, [key], { anchor, count: 1 });
  const keys = new Set(picks.keys);
  keys.delete(key);
  return { keys, anchor, numLeftOut: 0 };
}

/**
 * More samples, as many as there is room for.
 *
 * `count` is how many were meant, of which `known` may be the first alone.
 */
export function added(
  picks: Picks,
  known: Iterable<string>,
  { anchor, count }: { anchor: number | null; count: number },
): Picks {
  const keys = new Set(picks.keys);
  let taken = 0;
  for (const key of known) {
    if (keys.size >= MOST_PICKED && !keys.has(key)) break;
    keys.add(key);
    taken += 1;
  }
  return { keys, anchor, numLeftOut: count - taken };
}

/** The first place and the number of places of a range, from whichever end it was drawn. */
export function rangeOf(anchor: number | null, position: number): { from: number; count: number } {
  const from = Math.min(anchor ?? position, position);
  return { from, count: Math.max(anchor ?? position, position) - from + 1 };
}
