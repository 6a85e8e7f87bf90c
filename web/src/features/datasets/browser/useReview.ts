import { useCallback, useEffect, useMemo, useState } from 'react';
import { later } from '@/i18n';
import { useFormat } from '@/i18n/format';
import { toast } from '@/ui/Toast';
import type { DatasetVersion, Layer } from '../api';
import {
  type Decisions,
  decided,
  keepDecisions,
  keptDecisions,
  NO_DECISIONS,
  type Verdict,
} from './decisions';
import { MOST_PICKED } from './picks';

export interface Review {
  layer: Layer;
  decisions: Decisions;
  /** Why nothing can be decided here; null where it can. */
  obstacle: 'role' | 'version' | 'layer' | null;
  decide: (keys: readonly string[], verdict: Verdict) => void;
  setMinScore: (score: number) => void;
  discard: () => void;
}

/** Accepting and rejecting what a layer of predictions says; null where there is none. */
export function useReview(
  project: string,
  version: DatasetVersion,
  { layer, isNewest, mayChange }: { layer: Layer | undefined; isNewest: boolean; mayChange: boolean },
): Review | null {
  const { count } = useFormat();
  // Keys stay the same from version to version, so decisions wait for whichever is the newest.
  const place = `kpl.review.${project}/${version.name}/${layer?.name ?? ''}`;
  const [decisions, setDecisions] = useState(() => keptDecisions(place));
  useEffect(() => setDecisions(keptDecisions(place)), [place]);
  const change = useCallback(
    (next: Decisions) => {
      keepDecisions(place, next);
      setDecisions(next);
    },
    [place],
  );
  const obstacle = !mayChange ? 'role' : !isNewest ? 'version' : layer?.not_reviewable ? 'layer' : null;
  return useMemo(
    () =>
      layer === undefined
        ? null
        : {
            layer,
            decisions,
            obstacle,
            decide: (keys, verdict) => {
              if (obstacle !== null) return;
              const next = decided(decisions, keys, verdict);
              change(next);
              if (next.numLeftOut > 0)
                toast({
                  tone: 'info',
                  title: later('datasets', 'review.most', { most: count(MOST_PICKED) }),
                });
            },
            setMinScore: (minScore) => change({ ...decisions, minScore }),
            discard: () => change(NO_DECISIONS),
          },
    [layer, decisions, obstacle, change, count],
  );
}
