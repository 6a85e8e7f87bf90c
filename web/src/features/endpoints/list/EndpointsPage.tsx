import { useInfiniteQuery } from '@tanstack/react-query';
import { Plus, Radio } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMayChange } from '@/api/projects';
import { useFormat } from '@/i18n/format';
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
import { Time } from '@/ui/Time';
import { type Endpoint, endpointsQuery } from '../api';
import { DeployDialog } from './DeployDialog';

export default function EndpointsPage() {
  const { t } = useTranslation('endpoints');
  const { metric, count } = useFormat();
  const project = useProject();
  const [query, setQuery] = useQueryState();
  const [isDeploying, setDeploying] = useState(query.deploy !== undefined);
  const endpoints = useInfiniteQuery(endpointsQuery(project, query.q));
  const shown = endpoints.data?.pages.flatMap(({ items }) => items);
  const isEmpty = shown?.length === 0 && !query.q;
  const mayChange = useMayChange(project);
  const deployButton = mayChange && (
    <Button variant="primary" onPress={() => setDeploying(true)}>
      <Plus aria-hidden />
      {t('deploy.action')}
    </Button>
  );
  const columns: TableColumn<Endpoint>[] = [
    {
      id: 'name',
      title: t('list.name'),
      isRowHeader: true,
      cell: ({ name, url }) => (
        <span className="flex items-baseline gap-2">
          <span className="font-medium">{name}</span>
          <code className="truncate font-mono text-11 text-fg-3">{url}</code>
        </span>
      ),
    },
    { id: 'state', title: t('list.state'), width: 'w-32', cell: ({ state }) => <StateChip state={state} /> },
    {
      id: 'model',
      title: t('list.model'),
      cell: ({ model }) =>
        model?.name ? `${model.name} v${model.version}` : <span className="text-fg-3">–</span>,
    },
    {
      id: 'rate',
      title: t('list.rate'),
      align: 'right',
      width: 'w-28',
      cell: ({ traffic }) => <span className="tabular-nums">{metric(traffic.requests_per_s)}</span>,
    },
    {
      id: 'latency',
      title: t('list.latency'),
      align: 'right',
      width: 'w-40',
      cell: ({ traffic }) => (
        <span className="text-fg-2 tabular-nums">
          {traffic.p50_ms === null ? '–' : `${metric(traffic.p50_ms)} / ${metric(traffic.p99_ms ?? 0)} ms`}
        </span>
      ),
    },
    {
      id: 'requests',
      title: t('list.requests'),
      align: 'right',
      width: 'w-28',
      cell: ({ traffic }) => (
        <span className="tabular-nums">
          {count(traffic.num_requests)}
          {traffic.num_errors > 0 && (
            <span className="text-failed"> · {t('list.errors', { count: traffic.num_errors })}</span>
          )}
        </span>
      ),
    },
    {
      id: 'created',
      title: t('list.created'),
      width: 'w-36',
      cell: ({ created_at }) => <Time at={created_at} className="text-fg-2" />,
    },
  ];
  const total = shown?.length ?? 0;
  const header = (
    <ListHeader
      title={t('title')}
      count={total > 0 ? `${count(total)}${endpoints.hasNextPage ? '+' : ''}` : undefined}
      search={
        shown !== undefined &&
        !isEmpty && { label: t('list.search'), value: query.q ?? '', onChange: (q) => setQuery({ q }) }
      }
      actions={deployButton}
    />
  );
  return (
    <Page header={header}>
      <div className="min-h-full bg-surface px-3">
        {endpoints.isError && <ErrorState error={endpoints.error} onRetry={() => void endpoints.refetch()} />}
        {endpoints.isPending && <SkeletonRows className="px-3 py-6" />}
        {isEmpty && (
          <EmptyState
            icon={Radio}
            title={t('list.emptyTitle')}
            action={deployButton}
            command="kpl endpoint create NAME MODEL"
          >
            {t('list.emptyText')}
          </EmptyState>
        )}
        {shown && !isEmpty && (
          <Table
            label={t('title')}
            columns={columns}
            items={shown}
            idOf={({ name }) => name}
            hrefOf={({ name }) => projectPath(project, 'endpoints', name)}
            empty={<p className="p-8 text-center text-fg-3">{t('list.nothingFound')}</p>}
          />
        )}
        <MoreButton list={endpoints} />
      </div>
      <DeployDialog
        project={project}
        isOpen={isDeploying}
        onClose={() => {
          setDeploying(false);
          setQuery({ deploy: undefined, version: undefined });
        }}
        model={query.deploy}
        version={query.version}
      />
    </Page>
  );
}
