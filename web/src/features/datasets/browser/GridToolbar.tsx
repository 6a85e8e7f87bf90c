import { Blend, LayoutGrid, ScanFace, SquareDashed, Tag, UsersRound, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import type { Query } from '@/ui/routing';
import { SegmentedControl, Toggle } from '@/ui/SegmentedControl';
import { Tooltip } from '@/ui/Tooltip';
import type { DatasetVersion, Layer, SampleFilter } from '../api';
import { groupsOf, ordersOf, rangeText, sizeText } from './filter';
import { GroupMenu } from './GroupMenu';
import { OrderMenu } from './OrderMenu';
import type { Switches } from './overlays';
import type { SamplePages } from './samplePages';
import { type GridView, ROW_HEIGHTS } from './view';

// Few datasets have answers of several models.
const LayerPicker = lazy(() => import('./LayerPicker'));

interface GridToolbarProps {
  pages: SamplePages;
  version: DatasetVersion;
  view: GridView;
  onChange: (view: Partial<GridView>) => void;
  filter: SampleFilter;
  onFilter: (change: Query) => void;
  switches: Switches;
  layers: Layer[];
  predictions: string | null;
  /** Whether samples are shown as pictures; rows of text or of a table have nothing to switch. */
  hasImages: boolean;
  canGroup: boolean;
  /** Classes that are not drawn. */
  numHidden: number;
  onShowAll: () => void;
}

/** How many samples pass the filters, the filters themselves, and how the grid is drawn. */
export function GridToolbar(props: GridToolbarProps) {
  const { pages, version, view, onChange, filter, onFilter } = props;
  const { switches, hasImages } = props;
  const { t } = useTranslation('datasets');
  const { count } = useFormat();
  const { total } = pages;
  const groups = groupsOf(version, props.layers);
  const { split, label, verdict, size, objects } = filter;
  const chips = [
    { name: 'split', text: split },
    { name: 'label', text: label },
    { name: 'verdict', text: verdict && t(`review.state.${verdict}`) },
    { name: 'size', text: size && sizeText(size, t('px')) },
    { name: 'objects', text: objects && t('objectsIn', { range: rangeText(objects) }) },
  ].filter((chip): chip is { name: string; text: string } => chip.text !== null);
  return (
    <div className="@container flex min-h-10 shrink-0 flex-wrap items-center gap-2 border-b border-line bg-surface px-4 py-1.5">
      <p role="status" className="text-13 whitespace-nowrap">
        <span className="font-semibold">{total === null ? '…' : count(total)}</span>{' '}
        <span className="text-fg-2">
          {pages.isFiltered
            ? t('ofSamples', { all: count(version.num_samples) })
            : t('samplesWord', { count: total ?? 0 })}
        </span>
      </p>
      {chips.map(({ name, text }) => (
        <Chip key={name} text={text} onRemove={() => onFilter({ [name]: undefined, sample: undefined })} />
      ))}
      {props.numHidden > 0 && (
        <Chip text={t('classesHidden', { count: props.numHidden })} onRemove={props.onShowAll} />
      )}
      <div className="flex-1" />
      {switches.predictions && <Predictions {...props} />}
      {hasImages && switches.boxes && (
        <Switch is={view.boxes} onChange={(boxes) => onChange({ boxes })} keys="b" label={t('boxes')}>
          <SquareDashed aria-hidden />
        </Switch>
      )}
      {hasImages && switches.masks && (
        <Switch is={view.masks} onChange={(masks) => onChange({ masks })} keys="m" label={t('masks')}>
          <Blend aria-hidden />
        </Switch>
      )}
      {hasImages && switches.landmarks && (
        <Switch
          is={view.landmarks}
          onChange={(landmarks) => onChange({ landmarks })}
          keys="l"
          label={t('landmarks')}
        >
          <ScanFace aria-hidden />
        </Switch>
      )}
      {hasImages && version.num_classes > 0 && (
        <Switch is={view.names} onChange={(names) => onChange({ names })} keys="n" label={t('names')}>
          <Tag aria-hidden />
        </Switch>
      )}
      {(groups.length > 0 || filter.group !== null) && (
        <GroupMenu
          groups={groups}
          isIdentity={version.kind === 'face_recognition'}
          value={filter.group}
          onChange={(by) => onFilter({ by, sample: undefined })}
        />
      )}
      <OrderMenu
        orders={ordersOf(props.layers, props.predictions)}
        value={filter.order}
        onChange={(order) => onFilter({ order, sample: undefined })}
      />
      {props.canGroup && <GroupSwitch kind={version.kind} isGrouped={false} onFilter={onFilter} />}
      {hasImages && (
        <input
          type="range"
          aria-label={t('zoom')}
          value={view.rowHeight}
          onChange={(event) => onChange({ rowHeight: Number(event.target.value) })}
          {...ROW_HEIGHTS}
          className="ml-2 hidden h-6 w-24 shrink-0 accent-accent @min-[560px]:block"
        />
      )}
    </div>
  );
}

/** Whose word is drawn, and of several models which. */
function Predictions({ layers, predictions, view, onChange, onFilter }: GridToolbarProps) {
  const { t } = useTranslation('datasets');
  const names = layers.filter(({ role }) => role === 'predictions').map(({ name }) => name);
  return (
    <>
      {names.length > 1 && (
        <Suspense fallback={<span className="w-32 shrink-0" />}>
          <LayerPicker
            names={names}
            value={predictions}
            onChange={(name) => onFilter({ predictions: name })}
          />
        </Suspense>
      )}
      <SegmentedControl
        label={t('shown')}
        value={view.shows}
        onChange={(shows) => onChange({ shows: shows as GridView['shows'] })}
        items={[
          { id: 'labels', label: t('shows.labels') },
          { id: 'both', label: t('shows.both') },
          { id: 'predictions', label: t('shows.predictions') },
        ]}
      />
    </>
  );
}

interface GroupSwitchProps {
  kind: string;
  isGrouped: boolean;
  onFilter: (change: Query) => void;
}

/** Samples one by one, or by their class. */
export function GroupSwitch({ kind, isGrouped, onFilter }: GroupSwitchProps) {
  const { t } = useTranslation('datasets');
  return (
    <SegmentedControl
      label={t('arranged')}
      value={isGrouped ? 'groups' : 'samples'}
      onChange={(id) =>
        onFilter({ group: id === 'groups' ? 'label' : undefined, label: undefined, sample: undefined })
      }
      items={[
        {
          id: 'samples',
          label: (
            <>
              <LayoutGrid aria-hidden />
              {t('tabs.samples')}
            </>
          ),
        },
        {
          id: 'groups',
          label: (
            <>
              <UsersRound aria-hidden />
              {t(kind === 'face_recognition' ? 'identities' : 'classesTitle')}
            </>
          ),
        },
      ]}
    />
  );
}

interface SwitchProps {
  is: boolean;
  onChange: (is: boolean) => void;
  label: string;
  keys: string;
  children: ReactNode;
}

/** A toggle with an icon; in narrow windows the icon alone, since a toolbar must not be clipped. */
function Switch({ is, onChange, label, keys, children }: SwitchProps) {
  return (
    <Tooltip text={label} keys={keys}>
      <Toggle isSelected={is} onChange={onChange} label={label}>
        {children}
        <span className="hidden @min-[780px]:inline">{label}</span>
      </Toggle>
    </Tooltip>
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
