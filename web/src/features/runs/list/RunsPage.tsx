import { useInfiniteQuery } from '@tanstack/react-query';
import { Columns3, Play, X } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { Button, LinkButton } from '@/ui/Button';
import { EmptyState } from '@/ui/EmptyState';
import { ErrorState } from '@/ui/ErrorState';
import { ListHeader } from '@/ui/ListHeader';
import { MoreButton } from '@/ui/MoreButton';
import { Page } from '@/ui/PageHeader';
import { Progress } from '@/ui/Progress';
import { projectPath, useGo, useProject, useQueryState } from '@/ui/routing';
import { SegmentedControl } from '@/ui/SegmentedControl';
import { SkeletonRows } from '@/ui/Skeleton';
import { StateChip } from '@/ui/StateChip';
import { Table, type TableColumn } from '@/ui/Table';
import { Time } from '@/ui/Time';
import { type Run, runsQuery } from '../api';
import { isComparable, parseIds } from '../compare/model';
import { isOver, isRunState, RUN_STATES } from '../model';

/** All runs, newest first. State, pipeline, search and selection stand in the address. */
export default function RunsPage() {
  const { t } = useTranslation('runs');
  const format = useFormat();
  const project = useProject();
  const go = useGo();
  const [query, setQuery] = useQueryState();
  const state = isRunState(query.state) ? query.state : undefined;
  const runs = useInfiniteQuery(runsQuery(project, state, query.pipeline, query.q));
  const all = runs.data?.pages.flatMap(({ items }) => items.map(format.worded));
  const search = query.q ?? '';
  const shown = all ?? [];
  const isFiltered = Boolean(state || query.pipeline || search);
  // The address follows a moment later: two quick presses must not both start from what it said before.
  const [selected, setSelected] = useState(() => parseIds(query.selected));
  const none = <p className="p-8 text-center text-fg-3">{t('list.nothingFound')}</p>;
  const isEmpty = all?.length === 0 && !isFiltered;
  const header = (
    <ListHeader
      title={t('title')}
      count={all && !isEmpty ? `${format.count(all.length)}${runs.hasNextPage ? '+' : ''}` : undefined}
      search={!isEmpty && { label: t('list.search'), value: search, onChange: (q) => setQuery({ q }) }}
    />
  );
  return (
    <Page header={header}>
      <div className="min-h-full bg-surface">
        {isEmpty ? (
          <EmptyState
            icon={Play}
            title={t('list.emptyTitle')}
            action={
              <LinkButton href={`${projectPath(project, 'pipelines')}?tab=templates`} variant="primary">
                {t('list.emptyAction')}
              </LinkButton>
            }
            command="kpl run create --template image_classification -p dataset=digits"
          >
            {t('list.emptyText')}
          </EmptyState>
        ) : (
          <>
            <div className="flex min-h-11 flex-wrap items-center gap-3 border-b border-line px-6 py-1">
              <SegmentedControl
                label={t('list.state')}
                value={state ?? 'all'}
                onChange={(id) => setQuery({ state: id === 'all' ? undefined : id })}
                items={[
                  { id: 'all', label: t('list.all') },
                  ...RUN_STATES.filter((each) => each !== 'stopping').map((id) => ({
                    id,
                    label: t(`state.${id}`, { ns: 'common' }),
                  })),
                ]}
              />
              {query.pipeline && (
                <Button size="small" onPress={() => setQuery({ pipeline: undefined })}>
                  {t('list.ofPipeline', { name: query.pipeline })}
                  <X aria-label={t('clear', { ns: 'common' })} />
                </Button>
              )}
              <span className="ml-auto text-12 text-fg-3" role="status">
                {isComparable(selected)
                  ? t('list.selected', { count: selected.length })
                  : t('list.selectMore')}
              </span>
              <Button
                size="small"
                isDisabled={!isComparable(selected)}
                onPress={() => go(`${projectPath(project, 'runs', 'compare')}?ids=${selected.join(',')}`)}
              >
                <Columns3 aria-hidden />
                {t('list.compare')}
              </Button>
            </div>
            {runs.isLoadingError && <ErrorState error={runs.error} onRetry={() => void runs.refetch()} />}
            {runs.isPending && <SkeletonRows rows={10} className="p-6" />}
            <div className="px-3">
              {all && (
                <Table
                  label={t('title')}
                  columns={columns(t, format.duration)}
                  items={shown}
                  idOf={({ id }) => id}
                  hrefOf={({ id }) => projectPath(project, 'runs', id)}
                  selection={new Set(selected)}
                  onSelect={(keys) => {
                    const ids = keys === 'all' ? shown.map(({ id }) => id) : [...keys].map(Number);
                    setSelected(ids);
                    setQuery({ selected: ids.join(',') });
                  }}
                  empty={none}
                  className="table-fixed"
                />
              )}
            </div>
            <MoreButton list={runs} />
          </>
        )}
      </div>
    </Page>
  );
}

function columns(
  t: (key: string, values?: Record<string, unknown>) => string,
  duration: (seconds: number) => string,
): TableColumn<Run>[] {
  return [
    {
      id: 'name',
      title: t('list.run'),
      isRowHeader: true,
      width: 'w-[22%]',
      cell: ({ id, name }) => (
        <span className="flex items-baseline gap-2">
          <span className="text-fg-3 tabular-nums">#{id}</span>
          <span translate="no" className="truncate font-medium" title={name}>
            {name}
          </span>
        </span>
      ),
    },
    { id: 'state', title: t('list.state'), width: 'w-32', cell: ({ state }) => <StateChip state={state} /> },
    {
      id: 'progress',
      title: t('list.steps'),
      width: 'w-28',
      cell: ({ num_done, num_tasks, state }) => (
        <span className="flex items-center gap-2">
          {!isOver(state) && (
            <Progress
              label={t('list.steps')}
              isLabelHidden
              value={num_tasks === 0 ? 0 : num_done / num_tasks}
              className="w-16"
            />
          )}
          <span className="whitespace-nowrap text-fg-2 tabular-nums">
            {num_done} / {num_tasks}
          </span>
        </span>
      ),
    },
    {
      id: 'reason',
      title: t('list.reason'),
      cell: ({ reason, state, rerun_of }) => (
        <span
          title={reason || undefined}
          className={`block truncate text-12 ${state === 'failed' ? 'text-failed' : 'text-fg-2'}`}
        >
          {reason || (rerun_of === null ? '' : t('list.rerunOf', { id: rerun_of }))}
        </span>
      ),
    },
    {
      id: 'source',
      title: t('list.from'),
      width: 'w-36',
      cell: ({ pipeline, revision, template }) => (
        <span className="block truncate text-fg-2" title={pipeline ?? template ?? undefined}>
          {pipeline || template ? `${pipeline ?? template}${revision ? ` @${revision}` : ''}` : '–'}
        </span>
      ),
    },
    {
      id: 'duration',
      title: t('list.duration'),
      align: 'right',
      width: 'w-24',
      cell: ({ duration_s }) => (
        <span className="text-fg-2 tabular-nums">{duration_s === null ? '–' : duration(duration_s)}</span>
      ),
    },
    {
      id: 'created',
      title: t('list.created'),
      width: 'w-40',
      cell: ({ created_at, created_by }) => (
        <span className="block truncate text-fg-2" title={created_by}>
          <Time at={created_at} /> · {created_by}
        </span>
      ),
    },
  ];
}
