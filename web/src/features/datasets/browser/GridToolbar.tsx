import { SquareDashed, Tag, X } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import type { Query } from '@/ui/routing';
import { Toggle } from '@/ui/SegmentedControl';
import type { DatasetVersion } from '../api';
import type { SamplePages } from './samplePages';
import { type GridView, ROW_HEIGHTS } from './view';

interface GridToolbarProps {
  pages: SamplePages;
  version: DatasetVersion;
  view: GridView;
  onChange: (view: Partial<GridView>) => void;
  split: string | null;
  label: string | null;
  onFilter: (change: Query) => void;
}

/** How many samples pass the filters, the filters themselves, and how the grid is drawn. */
export function GridToolbar({ pages, version, view, onChange, split, label, onFilter }: GridToolbarProps) {
  const { t } = useTranslation('datasets');
  const { count } = useFormat();
  const { total } = pages;
  return (
    <div className="flex h-10 shrink-0 items-center gap-2 border-b border-line bg-surface px-4">
      <p role="status" className="text-13 whitespace-nowrap">
        <span className="font-semibold">{total === null ? '…' : count(total)}</span>{' '}
        <span className="text-fg-2">
          {pages.isFiltered
            ? t('ofSamples', { all: count(version.num_samples) })
            : t('samplesWord', { count: total ?? 0 })}
        </span>
      </p>
      {split !== null && (
        <Chip text={split} onRemove={() => onFilter({ split: undefined, sample: undefined })} />
      )}
      {label !== null && (
        <Chip text={label} onRemove={() => onFilter({ label: undefined, sample: undefined })} />
      )}
      <div className="flex-1" />
      {version.kind === 'detection' && (
        <Toggle isSelected={view.boxes} onChange={(boxes) => onChange({ boxes })}>
          <SquareDashed aria-hidden />
          {t('boxes')}
        </Toggle>
      )}
      {version.class_names.length > 0 && (
        <Toggle isSelected={view.names} onChange={(names) => onChange({ names })}>
          <Tag aria-hidden />
          {t('names')}
        </Toggle>
      )}
      <input
        type="range"
        aria-label={t('zoom')}
        value={view.rowHeight}
        onChange={(event) => onChange({ rowHeight: Number(event.target.value) })}
        {...ROW_HEIGHTS}
        className="ml-2 h-6 w-24 accent-accent"
      />
    </div>
  );
}

function Chip({ text, onRemove }: { text: string; onRemove: () => void }) {
  const { t } = useTranslation('datasets');
  return (
    <button
      type="button"
      onClick={onRemove}
      aria-label={t('removeFilter', { filter: text })}
      className="flex h-6 min-w-0 items-center gap-1 rounded-md bg-accent-soft pr-1 pl-2 text-12 font-medium text-accent"
    >
      <span className="truncate">{text}</span>
      <X aria-hidden className="size-3.5 shrink-0" />
    </button>
  );
}
