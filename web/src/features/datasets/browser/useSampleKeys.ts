import { useCallback, useEffect } from 'react';
import { PAGE_SIZE } from '../model';
import type { SamplePages } from './samplePages';
import type { GridView } from './view';

interface SampleKeys {
  pages: SamplePages;
  selected: number | null;
  select: (row: number | null) => void;
  view: GridView;
  change: (view: Partial<GridView>) => void;
}

/** Moves through samples with j and k or the arrows, shows and hides with b and n, closes with Escape. */
export function useSampleKeys({ pages, selected, select, view, change }: SampleKeys): (step: number) => void {
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
    const onKey = (event: KeyboardEvent) => {
      if (
        event.metaKey ||
        event.ctrlKey ||
        event.altKey ||
        event.defaultPrevented ||
        isElsewhere(event.target)
      )
        return;
      const step = { j: 1, k: -1, ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step !== undefined) void move(step);
      else if (event.key === 'Escape' && selected !== null) select(null);
      else if (event.key === 'b') change({ boxes: !view.boxes });
      else if (event.key === 'n') change({ names: !view.names });
      else return;
      event.preventDefault();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [move, selected, select, view, change]);
  return (step) => void move(step);
}

/** In a field, tab list, slider, menu or dialog a key belongs to it. */
function isElsewhere(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    target.closest('input, textarea, select, [role=tablist], [role=dialog], [role=menu], [role=listbox]') !==
      null
  );
}
