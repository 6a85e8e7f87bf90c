import { useCallback, useEffect } from 'react';
import { PAGE_SIZE } from '../model';
import { isAnswered } from '../sample';
import { nextShown, type Switches } from './overlays';
import type { SamplePages } from './samplePages';
import type { Picking } from './usePicks';
import type { Review } from './useReview';
import type { GridView } from './view';

interface SampleKeys {
  pages: SamplePages;
  selected: number | null;
  select: (row: number | null) => void;
  view: GridView;
  change: (view: Partial<GridView>) => void;
  switches: Switches;
  picking: Picking;
  review: Review | null;
  /** Hides or shows what is drawn of a class; null where nothing is. */
  toggleClass: ((classId: number) => void) | null;
}

/**
 * Moves through samples with j and k or the arrows, shows and hides with b, m, l and n, goes through labels and
 * predictions with p, hides classes with 1 to 9, selects with x and up to there with X, accepts a model's answer
 * with a and rejects it with r, closes with Escape.
 */
export function useSampleKeys(keys: SampleKeys): (step: number) => void {
  const { pages, selected, select, view, change, switches, picking, review, toggleClass } = keys;
  const move = useCallback(
    async (step: number) => {
      const from = selected === null ? -1 : pages.positionOf(selected);
      const position = Math.min(Math.max(0, from + step), Math.max(0, (pages.total ?? 1) - 1));
      await pages.load(Math.floor(position / PAGE_SIZE));
      const sample = pages.at(position);
      if (sample) select(sample.row);
    },
    [pages, selected, select],
  );
  useEffect(() => {
    let before = '';
    const onKey = (event: KeyboardEvent) => {
      const isOfPages = before === 'g'; // as in `g p`, which goes to another page
      before = event.key;
      if (
        event.metaKey ||
        event.ctrlKey ||
        event.altKey ||
        event.defaultPrevented ||
        isOfPages ||
        isElsewhere(event.target)
      )
        return;
      const step = { j: 1, k: -1, ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step !== undefined) void move(step);
      else if (toggleClass !== null && /^[1-9]$/.test(event.key)) toggleClass(Number(event.key) - 1);
      else if (event.key === 'Escape' && selected !== null) select(null);
      else if (event.key === 'Escape' && picking.picks.keys.size > 0) picking.clear();
      else if (event.key === 'x' || event.key === 'X') {
        const position = placeMeant(selected === null ? -1 : pages.positionOf(selected));
        if (position >= 0) picking.pick(position, event.key === 'X');
      } else if ((event.key === 'a' || event.key === 'r') && review?.obstacle === null) {
        const verdict = event.key === 'a' ? 'accepted' : 'rejected';
        const position = placeMeant(selected === null ? -1 : pages.positionOf(selected));
        const sample = pages.at(position);
        if (selected === null && picking.picks.keys.size > 0) review.decide([...picking.picks.keys], verdict);
        else if (sample && isAnswered(sample)) {
          const isTakenBack = review.decisions.verdicts.get(sample.key) === verdict;
          review.decide([sample.key], verdict);
          if (selected !== null && !isTakenBack) void move(1);
        }
      } else if (event.key === 'b' && switches.boxes) change({ boxes: !view.boxes });
      else if (event.key === 'm' && switches.masks) change({ masks: !view.masks });
      else if (event.key === 'l' && switches.landmarks) change({ landmarks: !view.landmarks });
      else if (event.key === 'p' && switches.predictions) change({ shows: nextShown(view.shows) });
      else if (event.key === 'n') change({ names: !view.names });
      else return;
      event.preventDefault();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [move, pages, selected, select, view, change, switches, picking, review, toggleClass]);
  return (step) => void move(step);
}

/** The sample that a key is about: the one that is open, else focused, else pointed at; -1 for none. */
function placeMeant(open: number): number {
  if (open >= 0) return open;
  const meant =
    document.activeElement?.closest('[data-position]') ?? document.querySelector('[data-position]:hover');
  return Number(meant?.getAttribute('data-position') ?? -1);
}

/** In a field, tab list, slider, menu or dialog a key belongs to it. */
function isElsewhere(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    target.closest('input, textarea, select, [role=tablist], [role=dialog], [role=menu], [role=listbox]') !==
      null
  );
}
