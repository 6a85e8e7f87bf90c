import { type UseQueryResult, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Check } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { cx } from '@/ui/cx';
import { ErrorState } from '@/ui/ErrorState';
import { FilterInput } from '@/ui/FilterInput';
import { SectionTitle } from '@/ui/Panel';
import type { Query } from '@/ui/routing';
import { SkeletonRows } from '@/ui/Skeleton';
import { useSettled } from '@/ui/useSettled';
import { PartsBar, partColour } from '@/viz/Parts';
import { classColour } from '@/viz/palette';
import {
  type DatasetVersion,
  facetsQuery,
  groupsQuery,
  type Layer,
  type SampleFilter,
  type Statistics,
} from '../api';
import { labelFacets } from '../model';
import { verdictCounts } from './decisions';
import { rangeText, sizeText } from './filter';

interface FacetsProps {
  project: string;
  version: DatasetVersion;
  statistics: UseQueryResult<Statistics>;
  filter: SampleFilter;
  /** Of the predictions that are shown. */
  layer: Layer | undefined;
  /** That layer's name where the server has to be told. */
  predictions: string | null;
  onChange: (change: Query) => void;
}

/** Splits and labels with their exact numbers; one of each filters. */
export function Facets(props: FacetsProps) {
  const { project, version, statistics, filter, layer, onChange } = props;
  const { split, label, verdict } = filter;
  const { t } = useTranslation('datasets');
  const splits = Object.entries(version.splits).map(([id, count]) => ({ id, count }));
  return (
    <aside
      aria-label={t('filters')}
      className="w-[232px] shrink-0 space-y-6 overflow-auto border-r border-line bg-surface p-4"
    >
      {splits.length > 0 && (
        <section>
          <SectionTitle>{t('splits')}</SectionTitle>
          <PartsBar parts={splits} label={splits.map(({ id, count }) => `${id} ${count}`).join(', ')} />
          <ul className="mt-2">
            {splits.map(({ id, count }, index) => (
              <Facet
                key={id}
                name={id}
                count={count}
                colour={partColour(index)}
                isRound
                isChosen={split === id}
                onChoose={() => onChange({ split: split === id ? undefined : id, sample: undefined })}
              />
            ))}
          </ul>
        </section>
      )}
      {isGroupedOnServer(version) ? (
        <GroupLabels project={project} version={version} split={split} label={label} onChange={onChange} />
      ) : (
        <Labels version={version} statistics={statistics} split={split} label={label} onChange={onChange} />
      )}
      <Verdicts version={version} layer={layer} verdict={verdict} onChange={onChange} />
      <Measures {...props} />
    </aside>
  );
}

/** Sizes and numbers of objects, where samples differ in them. */
function Measures({ project, version, filter, predictions, onChange }: FacetsProps) {
  const { t } = useTranslation('datasets');
  const { name, version: number } = version;
  const facets = useQuery(facetsQuery(project, { name, version: number, predictions }, filter));
  if (facets.isError) return <ErrorState isInline error={facets.error} />;
  const parts = [
    { id: 'size', title: t('sizeFacet'), counts: facets.data?.sizes ?? [] },
    { id: 'objects', title: t('objectsFacet'), counts: facets.data?.objects ?? [] },
  ] as const;
  return parts.map(({ id, title, counts }) => {
    if (counts.length < 2 && filter[id] === null) return null;
    const most = Math.max(1, ...counts.map(({ count }) => count));
    return (
      <section key={id}>
        <SectionTitle>{title}</SectionTitle>
        <ul>
          {counts.map((facet) => (
            <Facet
              key={facet.id}
              name={id === 'size' ? sizeText(facet.id, t('px')) : rangeText(facet.id)}
              count={facet.count}
              colour="var(--kind-dataset)"
              isPlain
              share={facet.count / most}
              isChosen={filter[id] === facet.id}
              onChoose={() =>
                onChange({ [id]: filter[id] === facet.id ? undefined : facet.id, sample: undefined })
              }
            />
          ))}
        </ul>
      </section>
    );
  });
}

interface VerdictsProps extends Pick<FacetsProps, 'version' | 'layer' | 'onChange'> {
  verdict: SampleFilter['verdict'];
}

/** How far people have reviewed what a model says. */
function Verdicts({ version, layer, verdict, onChange }: VerdictsProps) {
  const { t } = useTranslation('datasets');
  const counts = verdictCounts(layer, version.num_samples);
  if (counts === null) return null;
  const most = Math.max(...counts.map(({ count }) => count));
  return (
    <section>
      <SectionTitle>{t('review.facet')}</SectionTitle>
      <ul>
        {counts.map(({ id, count }) => (
          <Facet
            key={id}
            name={t(`review.state.${id}`)}
            count={count}
            colour={VERDICT_COLOURS[id]}
            isRound
            share={count / most}
            isChosen={verdict === id}
            onChoose={() => onChange({ verdict: verdict === id ? undefined : id, sample: undefined })}
          />
        ))}
      </ul>
    </section>
  );
}

const VERDICT_COLOURS = { none: 'var(--queued)', accepted: 'var(--ok)', rejected: 'var(--failed)' };

/** Above this many labels, a field narrows them. */
const MANY = 8;

interface LabelsProps extends Pick<FacetsProps, 'version' | 'statistics' | 'onChange'> {
  split: string | null;
  label: string | null;
}

function Labels({ version, statistics, split, label, onChange }: LabelsProps) {
  const { t } = useTranslation('datasets');
  const { count } = useFormat();
  const [words, setWords] = useState('');
  if (version.num_classes === 0) return <p className="text-12 text-fg-3">{t('noLabels')}</p>;
  if (statistics.isPending) return <SkeletonRows rows={6} />;
  if (statistics.isError) return <ErrorState isInline error={statistics.error} />;
  const facets = labelFacets(statistics.data, split);
  if (facets.length === 0) return <p className="text-12 text-fg-3">{t('noLabels')}</p>;
  const shown = facets.filter(({ name }) => name.toLowerCase().includes(words.toLowerCase()));
  const isObjects = statistics.data.boxes !== undefined;
  return (
    <section>
      <SectionTitle aside={count(facets.length)}>
        {isObjects ? t('objectsByLabel') : t('labels')}
      </SectionTitle>
      {facets.length > MANY && (
        <div className="mb-2">
          <FilterInput label={t('filterLabels')} value={words} onChange={setWords} />
        </div>
      )}
      <ul>
        {shown.slice(0, 200).map((facet) => (
          <Facet
            key={facet.name}
            name={facet.name}
            count={facet.count}
            colour={classColour(facet.classId)}
            share={facet.share}
            isChosen={label === facet.name}
            onChoose={() =>
              onChange({ label: label === facet.name ? undefined : facet.name, sample: undefined })
            }
          />
        ))}
      </ul>
      {shown.length === 0 && <p className="text-12 text-fg-3">{t('noMatch')}</p>}
    </section>
  );
}

/** With very many classes, as persons, a page holds some of them and the server finds the rest. */
function isGroupedOnServer({ kind, num_classes, class_names }: DatasetVersion): boolean {
  return kind === 'face_recognition' || (kind === 'classification' && num_classes > class_names.length);
}

function GroupLabels(props: Omit<LabelsProps, 'statistics'> & { project: string }) {
  const { project, version, split, label, onChange } = props;
  const { t } = useTranslation('datasets');
  const { count } = useFormat();
  const [words, setWords] = useState('');
  const search = useSettled(words.trim());
  const { name, version: number } = version;
  const groups = useInfiniteQuery(
    groupsQuery(project, { name, version: number }, { split, search, limit: 50 }),
  );
  if (groups.isError) return <ErrorState isInline error={groups.error} />;
  const first = groups.data?.pages[0];
  const facets = first?.items ?? [];
  const most = Math.max(1, ...facets.map((group) => group.num_samples));
  return (
    <section>
      <SectionTitle aside={first && count(first.num_groups)}>
        {t(version.kind === 'face_recognition' ? 'identities' : 'labels')}
      </SectionTitle>
      <div className="mb-2">
        <FilterInput label={t('searchGroups')} value={words} onChange={setWords} />
      </div>
      {groups.isPending && <SkeletonRows rows={6} />}
      <ul>
        {facets.map((group) => (
          <Facet
            key={group.class_id}
            name={group.label}
            count={group.num_samples}
            colour={classColour(group.class_id)}
            share={group.num_samples / most}
            isChosen={label === group.label}
            onChoose={() =>
              onChange({ label: label === group.label ? undefined : group.label, sample: undefined })
            }
          />
        ))}
      </ul>
      {first?.num_groups === 0 && <p className="text-12 text-fg-3">{t('noMatch')}</p>}
      {first && first.num_groups > facets.length && (
        <p className="mt-2 text-12 text-fg-3">
          {t('moreGroups', {
            count: first.num_groups - facets.length,
            shown: count(first.num_groups - facets.length),
          })}
        </p>
      )}
    </section>
  );
}

interface FacetProps {
  name: string;
  count: number;
  colour: string;
  isRound?: boolean;
  /** Without a mark of its own, where the colour tells nothing apart. */
  isPlain?: boolean;
  /** Length of the line below. */
  share?: number;
  isChosen: boolean;
  onChoose: () => void;
}

function Facet({ name, count, colour, isRound, isPlain, share, isChosen, onChoose }: FacetProps) {
  const format = useFormat();
  return (
    <li>
      <button
        type="button"
        aria-pressed={isChosen}
        onClick={onChoose}
        className={cx(
          'relative flex h-7 w-full items-center gap-2 rounded-sm px-1.5 text-left',
          isChosen ? 'bg-accent-soft text-accent' : 'hover:bg-sunken',
        )}
      >
        {!isPlain && (
          <span
            style={{ backgroundColor: colour }}
            className={cx('size-2 shrink-0', isRound ? 'rounded-full' : 'rounded-[2px]')}
          />
        )}
        <span className="min-w-0 flex-1 truncate">{name}</span>
        {isChosen && <Check aria-hidden className="size-3.5" />}
        <span className={cx('text-12', !isChosen && 'text-fg-2')}>{format.count(count)}</span>
        {share !== undefined && (
          <span
            aria-hidden
            style={{ width: `calc(${share * 100}% - 12px)`, backgroundColor: colour }}
            className="absolute bottom-0 left-1.5 h-0.5 max-w-full rounded-full"
          />
        )}
      </button>
    </li>
  );
}
