import { ImageOff } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { EmptyState } from '@/ui/EmptyState';
import { screenDensity } from '@/viz/overlay';
import type { DatasetVersion, Sample } from '../api';
import { NO_DECISIONS, verdictOf } from './decisions';
import { CurrentHeading, Headings, headingOf } from './Headings';
import { SampleCell } from './SampleCell';
import type { SamplePages } from './samplePages';
import type { Section } from './sections';
import { useGridWindow } from './useGridWindow';
import type { Picking } from './usePicks';
import type { Review } from './useReview';
import { useThumbs } from './useThumb';
import type { DrawnView } from './view';

/** How a list is arranged: by what, and what comes after what. */
export interface Sections {
  group: 'split' | 'label';
  items: readonly Section[];
  onOnly: (section: Section) => void;
}

interface SampleGridProps {
  project: string;
  version: DatasetVersion;
  pages: SamplePages;
  /** Of a picture whose own is not known yet. */
  aspect: number;
  /** Names the list, for the way back to where one was in it. */
  place: string;
  view: DrawnView;
  sections: Sections | null;
  selected: number | null;
  onSelect: (row: number) => void;
  picking: Picking;
  review: Review | null;
}

/** Space around the grid. */
const INSET = 16;

function hasOverlay({ boxes, has_mask, predicted }: Sample): boolean {
  return boxes.length > 0 || has_mask || predicted !== null;
}

/** All samples in justified rows; only those in sight are in the document. */
export function SampleGrid(props: SampleGridProps) {
  const { project, version, pages, aspect, place, view, selected, onSelect, review } = props;
  const { sections } = props;
  const { picks, pick, pickRun } = props.picking;
  const { t } = useTranslation('datasets');
  const thumbs = useThumbs(project, version);
  const grid = useGridWindow(pages, {
    aspect,
    rowHeight: view.rowHeight,
    selected,
    sections: sections?.items,
    inset: INSET,
    place,
  });
  if (pages.total === 0)
    return (
      <EmptyState icon={ImageOff} title={t('noSamples')}>
        {t('noSamplesWhy')}
      </EmptyState>
    );
  const density = screenDensity();
  const focusable = grid.tiles.some(({ position }) => pages.at(position)?.row === selected) ? selected : null;
  const onPick = ({ start, count }: Section) => pickRun(start, count);
  const heading = headingOf(sections, grid.current, onPick);
  return (
    <div className="relative flex min-h-0 flex-1 flex-col">
      {heading && <CurrentHeading {...heading} />}
      <section
        ref={grid.scroller}
        onScroll={grid.onScroll}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard scrolls it
        tabIndex={0}
        aria-label={t('tabs.samples')}
        className="relative min-h-0 flex-1 overflow-auto outline-none"
      >
        <div className="relative mx-4 my-4">
          {heading && <Headings {...heading} headings={grid.headings} />}
          <ul style={{ height: grid.height }}>
            {grid.tiles.map((tile, index) => {
              const sample = pages.at(tile.position);
              const size = Math.max(tile.width, tile.height) * density > 200 ? 400 : 160;
              const found = sample && verdictOf(review?.decisions ?? NO_DECISIONS, sample);
              return (
                <li
                  key={tile.position}
                  style={{
                    transform: `translate(${tile.left}px, ${tile.top}px)`,
                    width: tile.width,
                    height: tile.height,
                  }}
                  className="absolute top-0 left-0"
                  aria-setsize={pages.total ?? -1}
                  aria-posinset={tile.position + 1}
                >
                  {sample ? (
                    <SampleCell
                      key={sample.row}
                      project={project}
                      version={version}
                      sample={sample}
                      position={tile.position}
                      width={hasOverlay(sample) ? tile.width : undefined}
                      height={hasOverlay(sample) ? tile.height : undefined}
                      thumbSize={size}
                      thumbs={thumbs[size]}
                      isInSight={tile.isInSight}
                      isSmall={tile.width < 96 || tile.height < 88}
                      view={view}
                      isSelected={sample.row === selected}
                      isFocusable={focusable === null ? index === 0 : sample.row === focusable}
                      isPicked={picks.keys.has(sample.key)}
                      isPicking={picks.keys.size > 0}
                      verdict={found?.verdict ?? null}
                      isVerdictSaved={found?.isSaved === true}
                      onSelect={onSelect}
                      onPick={pick}
                    />
                  ) : (
                    <div className="size-full rounded-sm bg-sunken" />
                  )}
                </li>
              );
            })}
          </ul>
        </div>
      </section>
    </div>
  );
}
