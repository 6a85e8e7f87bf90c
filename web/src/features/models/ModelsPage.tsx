import { useInfiniteQuery } from '@tanstack/react-query';
import { Boxes } from 'lucide-react';
import type { SortDescriptor } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { Badge } from '@/ui/Badge';
import { LinkButton } from '@/ui/Button';
import { EmptyState } from '@/ui/EmptyState';
import { ErrorState } from '@/ui/ErrorState';
import { ListHeader } from '@/ui/ListHeader';
import { Metric } from '@/ui/Metric';
import { MetricName } from '@/ui/MetricName';
import { MoreButton } from '@/ui/MoreButton';
import { Page } from '@/ui/PageHeader';
import { projectPath, useProject, useQueryState } from '@/ui/routing';
import { SkeletonRows } from '@/ui/Skeleton';
import { Table, type TableColumn } from '@/ui/Table';
import { Time } from '@/ui/Time';
import { type Model, modelsQuery } from './api';
import { keyMetric } from './model';

/** All models of the project. */
export default function ModelsPage() {
  const { t } = useTranslation('models');
  const { count } = useFormat();
  const project = useProject();
  const [query, setQuery] = useQueryState();
  const key = query.sort === 'name' || query.sort === 'size' ? query.sort : 'updated';
  const order = query.order ?? (key === 'name' ? 'asc' : 'desc');
  const sort: SortDescriptor = { column: key, direction: order === 'desc' ? 'descending' : 'ascending' };
  // Sizes are compared here, once all models are there.
  const models = useInfiniteQuery(
    modelsQuery(
      project,
      query.q,
      key === 'name' ? 'name' : 'updated',
      key === 'size' || order === 'desc' ? 'desc' : 'asc',
    ),
  );
  const all = models.data?.pages.flatMap((page) => page.items) ?? [];
  const isEmpty = all.length === 0 && !query.q;
  return (
    <Page
      header={
        <ListHeader
          title={t('title')}
          count={all.length > 0 ? `${count(all.length)}${models.hasNextPage ? '+' : ''}` : undefined}
          search={!isEmpty && { label: t('search'), value: query.q ?? '', onChange: (q) => setQuery({ q }) }}
        />
      }
    >
      {models.isPending ? (
        <SkeletonRows className="p-6" />
      ) : models.isError ? (
        <ErrorState error={models.error} onRetry={() => void models.refetch()} />
      ) : isEmpty ? (
        <EmptyState
          icon={Boxes}
          title={t('empty.title')}
          action={
            <LinkButton variant="primary" href={projectPath(project, 'pipelines')}>
              {t('empty.action')}
            </LinkButton>
          }
          command="kpl run create --template image_classification -p dataset=flowers -p model=flowers"
        >
          {t('empty.detail')}
        </EmptyState>
      ) : (
        <div className="min-h-full bg-surface px-3">
          <ModelTable
            models={all}
            isWhole={!models.hasNextPage}
            project={project}
            sort={sort}
            onSort={({ column, direction }) =>
              setQuery({ sort: String(column), order: direction === 'descending' ? 'desc' : 'asc' })
            }
          />
          <MoreButton list={models} />
        </div>
      )}
    </Page>
  );
}

interface ModelTableProps {
  models: Model[];
  /** Nothing is left on the server. */
  isWhole: boolean;
  project: string;
  sort: SortDescriptor;
  onSort: (sort: SortDescriptor) => void;
}

function ModelTable({ models, isWhole, project, sort, onSort }: ModelTableProps) {
  const { t } = useTranslation('models');
  const { bytes } = useFormat();
  const sign = sort.direction === 'descending' ? -1 : 1;
  const shown =
    sort.column === 'size'
      ? [...models].sort((a, b) => sign * (a.latest.size_bytes - b.latest.size_bytes))
      : models;
  const columns: TableColumn<Model>[] = [
    {
      id: 'name',
      title: t('name'),
      isRowHeader: true,
      isSortable: true,
      cell: ({ name }) => <span className="font-medium">{name}</span>,
    },
    {
      id: 'task',
      title: t('task'),
      cell: ({ latest }) => (
        <Badge tone="model">{t(`kind.${latest.task}`, { defaultValue: latest.task })}</Badge>
      ),
    },
    { id: 'version', title: t('latest'), cell: ({ latest }) => `v${latest.version}` },
    {
      id: 'metric',
      title: t('metric'),
      cell: ({ latest }) => {
        const metric = keyMetric(latest.metrics);
        return (
          metric && (
            <span>
              <MetricName name={metric[0]} className="text-fg-3" />{' '}
              <Metric name={metric[0]} value={metric[1]} />
            </span>
          )
        );
      },
    },
    {
      id: 'algorithm',
      title: t('algorithm'),
      cell: ({ latest }) => <span className="text-fg-2">{latest.algorithm}</span>,
    },
    {
      id: 'size',
      title: t('size'),
      isSortable: isWhole,
      align: 'right',
      cell: ({ latest }) => bytes(latest.size_bytes),
    },
    {
      id: 'updated',
      title: t('created'),
      isSortable: true,
      align: 'right',
      cell: ({ latest }) => <Time at={latest.created_at} className="text-fg-2" />,
    },
  ];
  return (
    <Table
      label={t('title')}
      columns={columns}
      items={shown}
      idOf={({ name }) => name}
      hrefOf={({ name }) => projectPath(project, 'models', name)}
      sort={sort}
      onSort={onSort}
      empty={<p className="p-6 text-fg-2">{t('noMatch')}</p>}
    />
  );
}
