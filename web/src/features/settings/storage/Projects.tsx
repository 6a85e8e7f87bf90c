import { useInfiniteQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { ErrorState } from '@/ui/ErrorState';
import { MoreButton } from '@/ui/MoreButton';
import { Panel } from '@/ui/Panel';
import { AppLink, projectPath } from '@/ui/routing';
import { SkeletonRows } from '@/ui/Skeleton';
import { Table } from '@/ui/Table';
import { PartsBar } from '@/viz/Parts';
import { projectsQuery } from './api';
import { partsOf } from './model';

/** What each project refers to, the largest first; its bar is as long as its part of the largest. */
export function Projects({ countedAt }: { countedAt: string }) {
  const { t } = useTranslation('settings');
  const { bytes, count } = useFormat();
  const projects = useInfiniteQuery(projectsQuery(countedAt));
  const items = projects.data?.pages.flatMap((page) => page.items) ?? [];
  const largest = Math.max(1, items[0]?.size_bytes ?? 0);
  return (
    <Panel title={t('storage.byProject')} aside={t('storage.byProjectNote')}>
      {projects.isPending ? (
        <SkeletonRows className="p-4" rows={3} />
      ) : projects.isError ? (
        <ErrorState error={projects.error} isInline onRetry={() => void projects.refetch()} />
      ) : (
        <Table
          label={t('storage.byProject')}
          items={items}
          idOf={({ project }) => project}
          empty={<p className="p-4 text-fg-2">{t('storage.noProjects')}</p>}
          columns={[
            {
              id: 'project',
              title: t('project.label'),
              isRowHeader: true,
              width: 'w-64',
              cell: ({ project, title }) => (
                <AppLink
                  translate="no"
                  href={projectPath(project)}
                  className="block max-w-60 truncate text-accent hover:underline"
                >
                  {title || project}
                </AppLink>
              ),
            },
            {
              id: 'kinds',
              title: t('storage.kinds'),
              cell: ({ size_bytes, kinds }) => {
                const parts = partsOf(kinds);
                return (
                  <div style={{ width: `${Math.max(0.5, (100 * size_bytes) / largest)}%` }}>
                    <PartsBar
                      parts={parts}
                      label={parts
                        .map(({ id, count: size }) => `${t(`storage.kind.${id}`)} ${bytes(size)}`)
                        .join(', ')}
                    />
                  </div>
                );
              },
            },
            {
              id: 'artifacts',
              title: t('storage.artifactsTitle'),
              align: 'right',
              width: 'w-28',
              cell: ({ num_artifacts }) => <span className="tabular-nums">{count(num_artifacts)}</span>,
            },
            {
              id: 'size',
              title: t('size'),
              align: 'right',
              width: 'w-28',
              cell: ({ size_bytes }) => <span className="tabular-nums">{bytes(size_bytes)}</span>,
            },
          ]}
        />
      )}
      <MoreButton list={projects} />
    </Panel>
  );
}
