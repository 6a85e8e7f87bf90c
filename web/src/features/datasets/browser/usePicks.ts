import { useCallback, useEffect, useMemo } from 'react';
import { later } from '@/i18n';
import { toastError } from '@/ui/Toast';
import { Kept, useKept } from './kept';
import { added, MOST_PICKED, NO_PICKS, type Picks, rangeOf, toggled } from './picks';
import type { SamplePages } from './samplePages';

export interface Picking {
  picks: Picks;
  /** One sample more or less; with `isRange` all from the last one to it. */
  pick: (position: number, isRange: boolean) => void;
  pickAll: () => void;
  /** Samples that stand together, from a place on. */
  pickRun: (from: number, count: number) => void;
  clear: () => void;
}

/** Of the datasets looked at last: of each at most 10,000 keys. */
const KEPT = new Kept<Picks>(8);

/**
 * What is selected in the grid. It outlives filters and other tabs of the dataset, since it goes by keys, and no
 * sample is fetched for it.
 */
export function usePicks(pages: SamplePages, place: string): Picking {
  const [picks, setPicks] = useKept(KEPT, place, NO_PICKS);
  // biome-ignore lint/correctness/useExhaustiveDependencies: places are of another list now
  useEffect(() => setPicks((old) => (old.anchor === null ? old : { ...old, anchor: null })), [pages]);
  const { anchor } = picks;

  const add = useCallback(
    async (from: number, count: number, next: number | null) => {
      try {
        const keys = await pages.keys(from, Math.min(count, MOST_PICKED));
        setPicks((old) => added(old, keys, { anchor: next, count }));
      } catch (error) {
        toastError(error, later('datasets', 'picks.failed'));
      }
    },
    [pages, setPicks],
  );
  const pick = useCallback(
    (position: number, isRange: boolean) => {
      const key = pages.at(position)?.key;
      if (key === undefined) return;
      if (!isRange) return setPicks((old) => toggled(old, key, position));
      const { from, count } = rangeOf(anchor, position);
      void add(from, count, position);
    },
    [pages, anchor, add, setPicks],
  );
  return useMemo(
    () => ({
      picks,
      pick,
      pickAll: () => void add(0, pages.total ?? 0, null),
      pickRun: (from: number, count: number) => void add(from, count, null),
      clear: () => setPicks(NO_PICKS),
    }),
    [picks, pick, add, pages, setPicks],
  );
}
