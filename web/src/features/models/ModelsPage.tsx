import { useInfiniteQuery } from '@tanstack/react-query';
import { Boxes } from 'lucide-react';
import { useState } from 'react';
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
  const models = useInfiniteQuery(modelsQuery(project, query.q));
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
          <ModelTable models={all} project={project} />
          <MoreButton list={models} />
        </div>
      )}
    </Page>
  );
}

function ModelTable({ models, project }: { models: Model[]; project: string }) {
  const { t } = useTranslation('models');
  const { bytes } = useFormat();
  const [sort, setSort] = useState<SortDescriptor>({ column: 'created', direction: 'descending' });
  const sign = sort.direction === 'descending' ? -1 : 1;
  const keyOf = (model: Model): string | number => {
    if (sort.column === 'name') return model.name;
    return sort.column === 'size' ? model.latest.size_bytes : model.latest.created_at;
  };
  const sorted = [...models].sort((a, b) => (keyOf(a) < keyOf(b) ? -sign : sign));
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
      isSortable: true,
      align: 'right',
      cell: ({ latest }) => bytes(latest.size_bytes),
    },
    {
      id: 'created',
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
      items={sorted}
      idOf={({ name }) => name}
      hrefOf={({ name }) => projectPath(project, 'models', name)}
      sort={sort}
      onSort={setSort}
      empty={<p className="p-6 text-fg-2">{t('noMatch')}</p>}
    />
  );
}
