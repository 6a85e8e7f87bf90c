import { SearchX } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { cx } from '@/ui/cx';
import { EmptyState } from '@/ui/EmptyState';
import type { Sample } from '../api';
import { isWrong } from '../sample';
import { CurrentHeading, Headings, headingOf } from './Headings';
import { Swatch } from './ObjectList';
import { PickMark, pickedBy } from './PickMark';
import { type Column, columnsOf, shownValue } from './rowModel';
import type { Sections } from './SampleGrid';
import type { SamplePages } from './samplePages';
import type { Section } from './sections';
import { useGridWindow } from './useGridWindow';
import type { Picking } from './usePicks';
import type { GridView } from './view';

interface SampleRowsProps {
  pages: SamplePages;
  /** Names the list, for the way back to where one was in it. */
  place: string;
  sections: Sections | null;
  selected: number | null;
  onSelect: (row: number) => void;
  picking: Picking;
  hasLabels: boolean;
  shows: GridView['shows'];
}

const TEXT_HEIGHT = 56;
const TABLE_HEIGHT = 36;
const NARROWEST_COLUMN = 112;

/** Samples without a picture below each other: a text, or the columns of a table; only those in sight are there. */
export default function SampleRows(props: SampleRowsProps) {
  const { pages, place, sections, selected, onSelect, hasLabels, shows } = props;
  const { picks, pick, pickRun } = props.picking;
  const { t } = useTranslation('datasets');
  const first = pages.at(0);
  const isText = first?.text != null;
  const columns = columnsOf(first);
  const grid = useGridWindow(pages, {
    aspect: null,
    rowHeight: isText ? TEXT_HEIGHT : TABLE_HEIGHT,
    selected,
    sections: sections?.items,
    inset: 0,
    place,
  });
  if (pages.total === 0)
    return (
      <EmptyState icon={SearchX} title={t('noSamples')}>
        {t('noSamplesWhy')}
      </EmptyState>
    );
  const template = [
    '76px',
    hasLabels ? 'minmax(120px, 180px)' : '',
    isText ? 'minmax(0, 1fr)' : columns.map(() => `minmax(${NARROWEST_COLUMN}px, 1fr)`).join(' '),
  ].join(' ');
  const minWidth = isText ? undefined : 252 + columns.length * (NARROWEST_COLUMN + 20);
  const focusable = grid.tiles.some(({ position }) => pages.at(position)?.row === selected) ? selected : null;
  const onPick = ({ start, count }: Section) => pickRun(start, count);
  const heading = headingOf(sections, grid.current, onPick);
  return (
    <div className="relative flex min-h-0 flex-1 flex-col">
      {heading && (
        <div className="absolute inset-x-0 top-8 z-20">
          <CurrentHeading {...heading} />
        </div>
      )}
      <section
        ref={grid.scroller}
        onScroll={grid.onScroll}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard scrolls it
        tabIndex={0}
        aria-label={t('tabs.samples')}
        className="relative min-h-0 flex-1 overflow-auto bg-surface outline-none"
      >
        <div
          aria-hidden
          style={{ gridTemplateColumns: template, minWidth }}
          className="sticky top-0 z-10 grid h-8 items-center gap-5 border-b border-line bg-surface px-4 text-12 font-medium text-fg-2"
        >
          <span className="pl-5">{t('row')}</span>
          {hasLabels && <span>{t('label')}</span>}
          {isText ? (
            <span>{t('text')}</span>
          ) : (
            columns.map((column) => <Head key={column.name} {...column} />)
          )}
        </div>
        <div className="relative" style={{ minWidth }}>
          {heading && (
            <Headings {...heading} headings={grid.headings} className="border-b border-line bg-bg px-4" />
          )}
          <ul style={{ height: grid.height }}>
            {grid.tiles.map((tile, index) => {
              const sample = pages.at(tile.position);
              return (
                <li
                  key={tile.position}
                  style={{ transform: `translateY(${tile.top}px)`, height: tile.height }}
                  data-position={tile.position}
                  className="group/sample absolute inset-x-0 top-0 border-b border-line"
                  aria-setsize={pages.total ?? -1}
                  aria-posinset={tile.position + 1}
                >
                  {sample ? (
                    <>
                      <button
                        type="button"
                        tabIndex={(focusable === null ? index === 0 : sample.row === focusable) ? 0 : -1}
                        aria-pressed={sample.row === selected}
                        onClick={(event) => {
                          const how = pickedBy(event);
                          if (how === null) onSelect(sample.row);
                          else pick(tile.position, how === 'range');
                        }}
                        style={{ gridTemplateColumns: template }}
                        className={cx(
                          'grid size-full items-center gap-5 px-4 text-left -outline-offset-2',
                          sample.row === selected ? 'bg-accent-soft' : 'hover:bg-sunken',
                        )}
                      >
                        <span className="pl-5 font-mono text-12 text-fg-3">{sample.row}</span>
                        {hasLabels && <Label sample={sample} shows={shows} />}
                        {isText ? (
                          <span translate="no" className="line-clamp-2 text-13 leading-5 break-words">
                            {sample.text}
                          </span>
                        ) : (
                          columns.map(({ name, isNumber }) => (
                            <span
                              key={name}
                              translate="no"
                              className={cx('truncate text-12', isNumber && 'text-right font-mono')}
                            >
                              {shownValue(sample.values[name]) ?? <span className="text-fg-3">—</span>}
                            </span>
                          ))
                        )}
                      </button>
                      <PickMark
                        name={sample.key}
                        isPicked={picks.keys.has(sample.key)}
                        isPicking={picks.keys.size > 0}
                        onPick={(isRange) => pick(tile.position, isRange)}
                        className="absolute top-1/2 left-2 -translate-y-1/2"
                      />
                    </>
                  ) : (
                    <div className="mx-4 my-2 h-4 rounded-sm bg-sunken" />
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

function Head({ name, isNumber }: Column) {
  return (
    <span translate="no" title={name} className={cx('truncate', isNumber && 'text-right')}>
      {name}
    </span>
  );
}

function Label({ sample, shows }: { sample: Sample; shows: GridView['shows'] }) {
  const { prediction } = sample;
  const label = shows === 'predictions' && prediction !== null ? null : sample.label;
  return (
    <span className="flex min-w-0 flex-col text-12">
      {label !== null && <Swatch classId={sample.class_id} text={label} />}
      {prediction !== null && shows !== 'labels' && (
        <span
          translate="no"
          className={cx(
            'truncate',
            sample.class_id === null ? 'text-fg-2' : isWrong(sample) ? 'text-failed' : 'text-ok',
          )}
        >
          {sample.class_id === null ? '' : isWrong(sample) ? '≠ ' : '✓ '}
          {prediction.label} {prediction.score.toFixed(2)}
        </span>
      )}
    </span>
  );
}
