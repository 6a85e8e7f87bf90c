import type { Layer, Sample } from '../api';
import { MOST_PICKED } from './picks';

export type Verdict = NonNullable<Sample['verdict']>;

/** What was decided about a model's answers and is not saved yet, by the keys of samples. */
export interface Decisions {
  verdicts: ReadonlyMap<string, Verdict>;
  /** Objects less sure than this are left out of accepted answers. */
  minScore: number;
  /** How many the last decision had to leave out: no more are saved at once. */
  numLeftOut: number;
}

export const NO_DECISIONS: Decisions = { verdicts: new Map(), minScore: 0, numLeftOut: 0 };

/** A verdict for samples; where all of them have it, it is taken back. */
export function decided(old: Decisions, keys: readonly string[], verdict: Verdict): Decisions {
  const verdicts = new Map(old.verdicts);
  const isTakenBack = keys.every((key) => verdicts.get(key) === verdict);
  let numLeftOut = 0;
  for (const key of keys)
    if (isTakenBack) verdicts.delete(key);
    else if (verdicts.size < MOST_PICKED || verdicts.has(key)) verdicts.set(key, verdict);
    else numLeftOut += 1;
  return { ...old, verdicts, numLeftOut };
}

/** The keys of each verdict, as the server takes them. */
export function keysOf({ verdicts }: Decisions): { accept: string[]; reject: string[] } {
  const keys = (wanted: Verdict) => [...verdicts].filter(([, is]) => is === wanted).map(([key]) => key);
  return { accept: keys('accepted'), reject: keys('rejected') };
}

/** The verdict that a sample is shown with: what was decided now goes before what is saved. */
export function verdictOf(
  { verdicts }: Decisions,
  { key, verdict }: Pick<Sample, 'key' | 'verdict'>,
): { verdict: Verdict; isSaved: boolean } | null {
  const now = verdicts.get(key);
  if (now !== undefined) return { verdict: now, isSaved: false };
  return verdict ? { verdict, isSaved: true } : null;
}

/** How many samples of a layer have each verdict, and how many have none; null where nobody has reviewed any. */
export function verdictCounts(
  layer: Layer | undefined,
  numSamples: number,
): { id: Verdict | 'none'; count: number }[] | null {
  const { accepted = 0, rejected = 0 } = layer?.verdicts ?? {};
  if (accepted + rejected === 0) return null;
  return [
    { id: 'none', count: numSamples - accepted - rejected },
    { id: 'accepted', count: accepted },
    { id: 'rejected', count: rejected },
  ];
}

/** Decisions outlive a reload, so that none is lost before it is saved. */
export function keepDecisions(place: string, { verdicts, minScore }: Decisions): void {
  try {
    if (verdicts.size === 0) sessionStorage.removeItem(place);
    else sessionStorage.setItem(place, JSON.stringify({ minScore, verdicts: [...verdicts] }));
  } catch {
    // Storage may be blocked or full; they then last until reload.
  }
}

export function keptDecisions(place: string): Decisions {
  try {
    const kept = JSON.parse(sessionStorage.getItem(place) ?? 'null') as {
      minScore: number;
      verdicts: [string, Verdict][];
    } | null;
    return kept === null
      ? NO_DECISIONS
      : { minScore: kept.minScore, verdicts: new Map(kept.verdicts), numLeftOut: 0 };
  } catch {
    return NO_DECISIONS;
  }
}
