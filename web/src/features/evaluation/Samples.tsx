import { useInfiniteQuery } from '@tanstack/react-query';
import { ImageOff, X } from 'lucide-react';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { Button } from '@/ui/Button';
import { EmptyState } from '@/ui/EmptyState';
import { ErrorState } from '@/ui/ErrorState';
import { IconButton } from '@/ui/IconButton';
import { useQueryState } from '@/ui/routing';
import { Select } from '@/ui/Select';
import { Skeleton } from '@/ui/Skeleton';
import { type EvaluatedSample, type Report, samplesQuery } from './api';
import { type Filter, type Order, ordersOf, outcomeWord } from './model';
import { SampleTile } from './SampleTile';
import { SampleView } from './SampleView';
import { usePartNames } from './usePartNames';

interface SamplesProps {
  project: string;
  report: Report;
  filter: Filter;
  onShow: (filter: Partial<Filter> | null) => void;
}

/** The samples behind a figure; the chosen one stands large above the others. */
export function Samples({ project, report, filter, onShow }: SamplesProps) {
  const { t } = useTranslation('evaluation');
  const { count } = useFormat();
  const [query, setQuery] = useQueryState();
  const found = useInfiniteQuery(samplesQuery(project, report.task_id, report.threshold, filter));
  const samples = found.data?.pages.flatMap(({ items }) => items) ?? [];
  const first = found.data?.pages[0];
  // Of a detection the figure counts objects; how many pictures they are in stands beside it.
  const total = report.detection ? first?.num_counted : first?.num_matches;
  const place = samples.findIndex(({ row }) => String(row) === query.sample);
  const chosen = samples[place];
  const choose = (sample: EvaluatedSample | undefined) => {
    if (sample) setQuery({ sample: String(sample.row) });
  };
  const close = () => onShow(null);
  useSampleKeys({
    next: () => choose(samples[place + 1]),
    previous: () => choose(samples[place - 1]),
    close: () => (chosen ? setQuery({ sample: undefined }) : close()),
  });
  return (
    <aside
      aria-label={t('samples.title')}
      className="flex w-[392px] shrink-0 flex-col border-l border-line bg-surface"
    >
      <header className="shrink-0 border-b border-line py-2 pr-2 pl-4">
        <div className="flex items-start gap-2">
          <h2 className="min-w-0 flex-1 pt-1 text-13 font-semibold first-letter:uppercase">
            <Sentence filter={filter} isDetection={report.detection !== null} />{' '}
            <span role="status" className="font-normal text-fg-3 tabular-nums">
              {total === undefined ? '…' : count(total)}
            </span>
            {report.detection && first && (
              <span className="font-normal text-fg-3 tabular-nums">
                {' '}
                {t('samples.inPictures', { count: first.num_matches })}
              </span>
            )}
          </h2>
          <IconButton size="small" icon={X} label={t('samples.close')} keys="Esc" onPress={close} />
        </div>
        <Select
          label={t('samples.order')}
          isLabelHidden
          size="small"
          className="mt-1.5 w-52"
          value={filter.order}
          onChange={(order) => onShow({ ...filter, order: order as Order })}
          options={ordersOf(report).map((id) => ({ id, label: t(`order.${id}`) }))}
        />
      </header>
      <div className="min-h-0 flex-1 overflow-auto">
        {chosen && (
          <SampleView
            key={chosen.row}
            project={project}
            report={report}
            sample={chosen}
            onPrevious={place > 0 ? () => choose(samples[place - 1]) : undefined}
            onNext={place + 1 < samples.length ? () => choose(samples[place + 1]) : undefined}
          />
        )}
        {found.isError ? (
          <ErrorState isInline error={found.error} onRetry={() => void found.refetch()} />
        ) : found.isPending ? (
          <ul className="grid grid-cols-3 gap-2 p-4" aria-hidden>
            {['a', 'b', 'c', 'd', 'e', 'f'].map((key) => (
              <li key={key}>
                <Skeleton className="aspect-square" />
              </li>
            ))}
          </ul>
        ) : samples.length === 0 ? (
          <EmptyState icon={ImageOff} title={t('samples.none')}>
            {t('samples.noneWhy')}
          </EmptyState>
        ) : (
          <ul className="grid grid-cols-3 gap-2 p-4">
            {samples.map((sample) => (
              <li key={sample.row}>
                <SampleTile
                  project={project}
                  report={report}
                  sample={sample}
                  isChosen={sample === chosen}
                  onPress={() => choose(sample)}
                />
              </li>
            ))}
          </ul>
        )}
        {found.hasNextPage && (
          <p className="pb-4 text-center">
            <Button
              size="small"
              isPending={found.isFetchingNextPage}
              onPress={() => void found.fetchNextPage()}
            >
              {t('loadMore', { ns: 'common' })}
            </Button>
          </p>
        )}
      </div>
    </aside>
  );
}

/** Which samples these are, in words. */
function Sentence({ filter, isDetection }: { filter: Filter; isDetection: boolean }) {
  const { divisionName, partName } = usePartNames();
  const { label, predicted, outcome, by, value } = filter;
  const { t } = useTranslation('evaluation');
  const parts = [
    label !== undefined && t('samples.ofClass', { name: label }),
    predicted !== undefined && t('samples.answered', { name: predicted }),
    by !== undefined && t('samples.part', { division: divisionName(by), part: partName(by, value) }),
    outcome !== undefined && t(`samples.${outcomeWord(outcome, isDetection)}`),
  ].filter(Boolean);
  return parts.length === 0 ? t('samples.all') : parts.join(' · ');
}

interface SampleKeys {
  next: () => void;
  previous: () => void;
  close: () => void;
}

/** j and k go through the samples, Escape goes back; not while somebody types or a menu is open. */
function useSampleKeys({ next, previous, close }: SampleKeys): void {
  useEffect(() => {
    const actions: Record<string, () => void> = { j: next, k: previous, Escape: close };
    const onKey = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      const isTyping = target.closest('input:not([type=range]), textarea, [role=listbox], [role=dialog]');
      if (isTyping || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      actions[event.key]?.();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  });
}
