import { useInfiniteQuery } from '@tanstack/react-query';
import { LayoutTemplate, Plus, Workflow } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLiveQueries } from '@/api/live';
import { useMayChange } from '@/api/projects';
import { Badge } from '@/ui/Badge';
import { Button } from '@/ui/Button';
import { EmptyState } from '@/ui/EmptyState';
import { ErrorState } from '@/ui/ErrorState';
import { ListHeader } from '@/ui/ListHeader';
import { MoreButton } from '@/ui/MoreButton';
import { Page } from '@/ui/PageHeader';
import { projectPath, useProject, useQueryState } from '@/ui/routing';
import { SkeletonRows } from '@/ui/Skeleton';
import { StateChip } from '@/ui/StateChip';
import { Table, type TableColumn } from '@/ui/Table';
import { Tabs } from '@/ui/Tabs';
import { Time } from '@/ui/Time';
import { RunLink } from '@/viz/plan/PlanView';
import { type Pipeline, pipelinesQuery, templatesQuery } from '../api';
import { TemplatesTab } from '../templates/TemplatesTab';
import { ImportButton } from './ImportButton';
import { onServer, sorted, sortingOf } from './model';
import { NewPipelineDialog } from './NewPipelineDialog';

export default function ListPage() {
  const { t } = useTranslation('pipelines');
  const project = useProject();
  const [query, setQuery] = useQueryState();
  const [isCreating, setCreating] = useState(false);
  const { sort, order } = onServer(sortingOf(query));
  const pipelines = useInfiniteQuery(pipelinesQuery(project, query.q, sort, order));
  const items = pipelines.data?.pages.flatMap((page) => page.items);
  const templates = useInfiniteQuery(templatesQuery(project));
  const gallery = templates.data?.pages.flatMap((page) => page.items);
  useLiveQueries([`project:${project}`], (event) => (event.type === 'run' ? [['pipelines', project]] : []), {
    always: [['pipelines', project]],
  });
  const mayChange = useMayChange(project);
  const isEmpty = items?.length === 0 && !query.q;
  const tab = query.tab ?? (isEmpty ? 'templates' : 'pipelines');
  const header = (
    <ListHeader
      title={t('title')}
      search={
        tab === 'pipelines' &&
        items !== undefined &&
        !isEmpty && { label: t('list.search'), value: query.q ?? '', onChange: (q) => setQuery({ q }) }
      }
      actions={
        mayChange && (
          <>
            <ImportButton project={project} />
            <Button variant="primary" onPress={() => setCreating(true)}>
              <Plus aria-hidden />
              {t('list.new')}
            </Button>
          </>
        )
      }
    />
  );
  return (
    <Page header={header}>
      <div className="flex h-full min-h-0 flex-col bg-surface">
        <Tabs
          label={t('title')}
          value={tab}
          onChange={(id) => setQuery({ tab: id })}
          items={[
            {
              id: 'pipelines',
              label: t('list.tab'),
              count: items?.length,
              content: (
                <>
                  <List
                    items={items}
                    isWhole={!pipelines.hasNextPage}
                    error={pipelines.isLoadingError ? pipelines.error : null}
                    onRetry={() => void pipelines.refetch()}
                    onNew={() => setCreating(true)}
                  />
                  <MoreButton list={pipelines} />
                </>
              ),
            },
            {
              id: 'templates',
              label: t('templates.tab'),
              count: gallery?.length,
              content: <TemplatesTab project={project} />,
            },
          ]}
        />
      </div>
      <NewPipelineDialog project={project} isOpen={isCreating} onClose={() => setCreating(false)} />
    </Page>
  );
}

interface ListProps {
  items: Pipeline[] | undefined;
  /** Nothing is left on the server. */
  isWhole: boolean;
  error: Error | null;
  onRetry: () => void;
  onNew: () => void;
}

function List({ items, isWhole, error, onRetry, onNew }: ListProps) {
  const { t } = useTranslation('pipelines');
  const project = useProject();
  const [query, setQuery] = useQueryState();
  const search = query.q ?? '';
  const sorting = sortingOf(query);
  if (error) return <ErrorState error={error} onRetry={onRetry} />;
  if (!items) return <SkeletonRows className="p-6" />;
  if (items.length === 0 && search === '') {
    return (
      <EmptyState
        icon={Workflow}
        title={t('list.emptyTitle')}
        action={
          <>
            <Button variant="primary" onPress={() => setQuery({ tab: 'templates' })}>
              <LayoutTemplate aria-hidden />
              {t('list.fromTemplate')}
            </Button>
            <Button onPress={onNew}>
              <Workflow aria-hidden />
              {t('list.emptyCanvas')}
            </Button>
          </>
        }
        command="kpl pipeline save pipeline.yaml"
      >
        {t('list.emptyText')}
      </EmptyState>
    );
  }
  return (
    <div className="px-3">
      <Table
        label={t('title')}
        columns={columns(project, t, isWhole)}
        items={sorted(items, sorting)}
        idOf={({ name }) => name}
        hrefOf={({ name }) => projectPath(project, 'pipelines', name)}
        sort={{ column: sorting.key, direction: sorting.isDescending ? 'descending' : 'ascending' }}
        onSort={({ column, direction }) =>
          setQuery({ sort: String(column), order: direction === 'descending' ? 'desc' : 'asc' })
        }
        empty={<p className="p-6 text-center text-fg-3">{t('list.nothingFound', { search })}</p>}
      />
    </div>
  );
}

/** Of what the server does not sort by, the order is known once all is there. */
function columns(project: string, t: (key: string) => string, isWhole: boolean): TableColumn<Pipeline>[] {
  return [
    {
      id: 'name',
      title: t('list.name'),
      isRowHeader: true,
      isSortable: true,
      cell: ({ name, description, is_template }) => (
        <span className="flex min-w-0 items-baseline gap-2">
          <span className="font-medium">{name}</span>
          {is_template && <Badge className="self-center">{t('template.badge')}</Badge>}
          <span className="max-w-96 truncate text-12 text-fg-3">{description}</span>
        </span>
      ),
    },
    {
      id: 'num_nodes',
      title: t('list.nodes'),
      isSortable: isWhole,
      align: 'right',
      width: 'w-24',
      cell: ({ num_nodes }) => num_nodes,
    },
    {
      id: 'num_runs',
      title: t('list.runs'),
      isSortable: isWhole,
      align: 'right',
      width: 'w-24',
      cell: ({ num_runs }) => num_runs,
    },
    {
      id: 'last',
      title: t('list.lastRun'),
      width: 'w-48',
      cell: ({ last_run_id, last_run_state }) =>
        last_run_id === null || last_run_state === null ? (
          <span className="text-fg-3">–</span>
        ) : (
          <span className="flex items-center gap-2">
            <StateChip state={last_run_state} />
            <RunLink project={project} id={last_run_id} />
          </span>
        ),
    },
    {
      id: 'updated',
      title: t('list.changed'),
      isSortable: true,
      width: 'w-56',
      cell: ({ updated_at, updated_by }) => (
        <span className="text-fg-2">
          <Time at={updated_at} /> · {updated_by}
        </span>
      ),
    },
  ];
}
