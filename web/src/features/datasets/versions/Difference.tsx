import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { ArrowRight } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { sampleImageUrl } from '@/api/thumbnails';
import { useFormat } from '@/i18n/format';
import { Button } from '@/ui/Button';
import { cx } from '@/ui/cx';
import { ErrorState } from '@/ui/ErrorState';
import { AppLink, projectPath, useQueryState } from '@/ui/routing';
import { Skeleton } from '@/ui/Skeleton';
import { Thumb } from '@/ui/Thumb';
import {
  type ChangedSample,
  changedSamplesQuery,
  type DatasetVersion,
  differenceQuery,
  type SampleChange,
} from '../api';
import { chipsOf, type DifferenceChip } from './model';

interface DifferenceProps {
  project: string;
  before: DatasetVersion;
  after: DatasetVersion;
}

const TONES: Record<SampleChange, string> = {
  added: 'text-ok',
  removed: 'text-failed',
  changed: 'text-warning',
};

/** Which samples a version added, removed and changed; a number opens them. The address holds which. */
export function Difference({ project, before, after }: DifferenceProps) {
  const { t } = useTranslation('datasets');
  const { count } = useFormat();
  const [query, setQuery] = useQueryState();
  const difference = useQuery(differenceQuery(project, after.name, before.version, after.version));
  if (difference.isError)
    return <ErrorState isInline error={difference.error} onRetry={() => void difference.refetch()} />;
  if (!difference.data) return <Skeleton className="h-8" />;
  const chips = chipsOf(difference.data);
  const shown = chips.find(({ id }) => id === query.change);
  if (chips.length === 0) return <p className="text-12 text-fg-2">{t('difference.nothing')}</p>;
  return (
    <div className="space-y-3">
      <div className="flex flex-wrap items-center gap-1.5">
        {chips.map((chip) => (
          <button
            key={chip.id}
            type="button"
            aria-pressed={chip === shown}
            onClick={() => setQuery({ change: chip === shown ? undefined : chip.id })}
            className={cx(
              'h-7 rounded-md border px-2.5 text-12 tabular-nums hover:bg-sunken',
              TONES[chip.change],
              chip === shown ? 'border-accent' : 'border-line',
            )}
          >
            {chip.field === undefined
              ? t(`difference.${chip.change}`, { count: chip.count, shown: count(chip.count) })
              : t('difference.field', { field: chip.field, shown: count(chip.count) })}
          </button>
        ))}
        <span className="text-12 text-fg-3">
          {t('difference.same', { shown: count(difference.data.num_same) })}
        </span>
      </div>
      {shown && <Samples project={project} before={before} after={after} chip={shown} />}
    </div>
  );
}

interface SamplesProps extends DifferenceProps {
  chip: DifferenceChip;
}

function Samples({ project, before, after, chip }: SamplesProps) {
  const { t } = useTranslation('datasets');
  const found = useInfiniteQuery(
    changedSamplesQuery(project, after.name, before.version, after.version, chip.change, chip.field),
  );
  if (found.isError) return <ErrorState isInline error={found.error} onRetry={() => void found.refetch()} />;
  if (!found.data) return <Skeleton className="h-28" />;
  return (
    <>
      <ul className="grid grid-cols-[repeat(auto-fill,minmax(200px,1fr))] gap-2">
        {found.data.pages
          .flatMap(({ items }) => items)
          .map((sample) => (
            <li key={sample.key}>
              <Item project={project} before={before} after={after} sample={sample} />
            </li>
          ))}
      </ul>
      {found.hasNextPage && (
        <p className="text-center">
          <Button
            size="small"
            isPending={found.isFetchingNextPage}
            onPress={() => void found.fetchNextPage()}
          >
            {t('loadMore', { ns: 'common' })}
          </Button>
        </p>
      )}
    </>
  );
}

interface ItemProps extends DifferenceProps {
  sample: ChangedSample;
}

/** One sample as it was and as it is; what is there now opens in the browser, else what was. */
function Item({ project, before, after, sample }: ItemProps) {
  const { row_before, row_after, label_before, label_after } = sample;
  const version = row_after === null ? before : after;
  const row = row_after ?? row_before ?? 0;
  const href = `${projectPath(project, 'datasets', version.name)}?v=${version.version}&sample=${row}`;
  const pictures = [
    row_before !== null && { version: before, row: row_before, label: label_before },
    row_after !== null && { version: after, row: row_after, label: label_after },
  ].filter((picture) => picture !== false);
  const wasRelabelled = row_before !== null && row_after !== null && label_before !== label_after;
  return (
    <AppLink href={href} className="block rounded-md border border-line p-2 hover:border-line-strong">
      <span className="flex items-center gap-1.5">
        {pictures.map((picture, index) => (
          <span key={picture.version.version} className="flex min-w-0 flex-1 items-center gap-1.5">
            {index > 0 && <ArrowRight aria-hidden className="size-3.5 shrink-0 text-fg-3" />}
            <Thumb
              src={sampleImageUrl(project, picture.version, picture.row, 160)}
              className="h-20 w-full min-w-0 rounded-sm"
            />
          </span>
        ))}
      </span>
      <span className="mt-1.5 block truncate font-mono text-11 text-fg-2" title={sample.key}>
        {sample.key}
      </span>
      <span className="block truncate text-12">
        {wasRelabelled ? `${label_before ?? '–'} → ${label_after ?? '–'}` : (label_after ?? label_before)}
        {sample.fields.length > 0 && <span className="text-fg-3"> {sample.fields.join(', ')}</span>}
      </span>
    </AppLink>
  );
}
