import { useInfiniteQuery } from '@tanstack/react-query';
import { ChartScatter, Star } from 'lucide-react';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { Badge } from '@/ui/Badge';
import { EmptyState } from '@/ui/EmptyState';
import { ErrorState } from '@/ui/ErrorState';
import { MoreButton } from '@/ui/MoreButton';
import { useMetricWords } from '@/ui/metricWords';
import { projectPath, useQueryState } from '@/ui/routing';
import { SkeletonRows } from '@/ui/Skeleton';
import { StateChip } from '@/ui/StateChip';
import { Table, type TableColumn } from '@/ui/Table';
import { Elapsed } from '@/ui/Time';
import { searchedIn, type Trial } from '@/viz/search/trials';
import { type SearchState, type TrialOrder, trialsQuery } from '../../api';

interface TrialTableProps {
  project: string;
  taskId: number;
  search: SearchState;
  isGoing: boolean;
}

/** The trials of a search, the best first unless asked otherwise; each opens its own page with log and metrics. */
export function TrialTable({ project, taskId, search, isGoing }: TrialTableProps) {
  const { t } = useTranslation('runs');
  const { worded, metric, duration } = useFormat();
  const words = useMetricWords();
  const [query, setQuery] = useQueryState();
  const order: TrialOrder = query.sort === 'trial' ? 'trial' : 'value';
  const trials = useInfiniteQuery(trialsQuery(project, taskId, order));
  const items = useMemo(
    () => trials.data?.pages.flatMap((page) => page.items.map(worded)),
    [trials.data, worded],
  );
  const names = useMemo(
    () =>
      searchedIn(items ?? [])
        .map(({ name }) => name)
        .join('\n'),
    [items],
  );
  const columns = useMemo(
    () =>
      columnsOf(names === '' ? [] : names.split('\n'), { t, metric, duration, value: words(search.metric) }),
    [names, t, metric, duration, words, search.metric],
  );
  if (trials.isLoadingError) return <ErrorState error={trials.error} onRetry={() => void trials.refetch()} />;
  if (!items) return <SkeletonRows className="p-6" />;
  if (items.length === 0)
    return (
      <EmptyState icon={ChartScatter} title={t(isGoing ? 'trials.nothingYet' : 'trials.nothing')}>
        {isGoing && t('trials.nothingYetWhy')}
      </EmptyState>
    );
  const best = search.direction === 'maximize' ? 'descending' : 'ascending';
  return (
    <>
      <Table
        label={t('trials.title')}
        columns={columns}
        items={items}
        idOf={({ task_id }) => task_id}
        hrefOf={({ task_id }) => projectPath(project, 'tasks', task_id)}
        sort={{ column: order, direction: order === 'trial' ? 'ascending' : best }}
        onSort={({ column }) => setQuery({ sort: column === 'trial' ? 'trial' : undefined })}
      />
      <MoreButton list={trials} />
    </>
  );
}

interface Words {
  t: (key: string, values?: Record<string, unknown>) => string;
  metric: (value: number) => string;
  duration: (seconds: number) => string;
  /** What the metric is called. */
  value: string;
}

function columnsOf(names: string[], { t, metric, duration, value: title }: Words): TableColumn<Trial>[] {
  return [
    {
      id: 'trial',
      title: t('trials.trial'),
      isRowHeader: true,
      isSortable: true,
      width: 'w-20',
      cell: ({ trial, is_best }) => (
        <span className="flex items-center gap-1.5 font-medium tabular-nums">
          {trial}
          {is_best && (
            <Star role="img" aria-label={t('trials.best')} className="size-3.5 fill-current text-ok" />
          )}
        </span>
      ),
    },
    {
      id: 'value',
      title,
      isSortable: true,
      align: 'right',
      width: 'w-28',
      cell: ({ value, is_best }) => (
        <span className={`tabular-nums ${is_best ? 'font-semibold text-ok' : ''}`}>
          {value === null ? '–' : metric(value)}
        </span>
      ),
    },
    ...names.map(
      (name): TableColumn<Trial> => ({
        id: `parameter ${name}`,
        title: name,
        align: 'right',
        cell: ({ parameters }) => (
          <span translate="no" className="font-mono text-12">
            {parameterText(parameters[name], metric)}
          </span>
        ),
      }),
    ),
    {
      id: 'state',
      title: t('list.state'),
      width: 'w-32',
      cell: ({ state, reason, is_stopped_early }) => (
        <span title={reason || undefined}>
          {is_stopped_early ? (
            <Badge tone="queued">{t('trials.stoppedEarly')}</Badge>
          ) : (
            <StateChip state={state} />
          )}
        </span>
      ),
    },
    {
      id: 'duration',
      title: t('list.duration'),
      align: 'right',
      width: 'w-24',
      cell: ({ state, duration_s, started_at, finished_at }) => (
        <span className="text-fg-2 tabular-nums">
          {started_at && !finished_at ? (
            <Elapsed since={started_at} />
          ) : state === 'reused' || duration_s === null ? (
            '–'
          ) : (
            duration(duration_s)
          )}
        </span>
      ),
    },
  ];
}

/** A parameter's value as tables and plots write it: numbers in four digits, all else as it is. */
export function parameterText(value: unknown, metric: (value: number) => string): string {
  if (value === undefined) return '–';
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : metric(value);
  return typeof value === 'string' ? value : JSON.stringify(value);
}
