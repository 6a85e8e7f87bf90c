import { useQueries } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { failedTasksQuery } from '@/api/tasks';
import { ErrorState } from '@/ui/ErrorState';
import { Page, PageHeader } from '@/ui/PageHeader';
import { useProject } from '@/ui/routing';
import { SkeletonRows } from '@/ui/Skeleton';
import { FailedTasks } from '@/viz/tasks/FailedTasks';
import { endpointsQuery, goingOnQuery, recentDatasetsQuery, recentModelsQuery, recentRunsQuery } from './api';
import { ClusterStrip } from './ClusterStrip';
import { Datasets } from './Datasets';
import { Endpoints } from './Endpoints';
import { Models } from './Models';
import { RecentRuns } from './RecentRuns';
import { Running } from './Running';
import { Starters } from './Starters';

/** Where one left off: what runs, what failed, what is new. In an empty project: how to begin. */
export default function OverviewPage() {
  const { t } = useTranslation('overview');
  const project = useProject();
  const [runs, going, failed, datasets, models, endpoints] = useQueries({
    queries: [
      recentRunsQuery(project),
      goingOnQuery(project),
      failedTasksQuery(project),
      recentDatasetsQuery(project),
      recentModelsQuery(project),
      endpointsQuery(project),
    ],
  });
  const all = [runs, going, failed, datasets, models, endpoints];
  const broken = all.find(({ isError }) => isError);
  const header = <PageHeader title={t('nav.overview')} />;
  if (broken?.error)
    return (
      <Page header={header}>
        <ErrorState
          error={broken.error}
          onRetry={() => void Promise.all(all.map((query) => query.refetch()))}
        />
      </Page>
    );
  if (!runs.data || !going.data || !failed.data || !datasets.data || !models.data || !endpoints.data)
    return (
      <Page header={header}>
        <SkeletonRows className="p-6" />
      </Page>
    );
  const isEmpty = [runs.data, datasets.data, models.data].every((items) => items.length === 0);
  if (isEmpty)
    return (
      <Page header={header}>
        {failed.data.length > 0 && (
          <div className="mx-auto max-w-[1080px] px-6 pt-6">
            <FailedTasks project={project} tasks={failed.data} />
          </div>
        )}
        <Starters project={project} />
      </Page>
    );
  return (
    <Page header={header}>
      <div className="grid max-w-[1400px] grid-cols-[minmax(0,2fr)_minmax(300px,1fr)] items-start gap-4 p-6">
        <div className="space-y-4">
          {going.data.items.length > 0 && (
            <Running project={project} runs={going.data.items} count={going.data.num_runs} />
          )}
          {failed.data.length > 0 && <FailedTasks project={project} tasks={failed.data} />}
          <Datasets project={project} datasets={datasets.data} />
          <RecentRuns
            project={project}
            runs={runs.data.filter(({ finished_at }) => finished_at !== null).slice(0, 6)}
          />
        </div>
        <div className="space-y-4">
          <ClusterStrip />
          <Endpoints project={project} endpoints={endpoints.data} />
          <Models project={project} models={models.data} />
        </div>
      </div>
    </Page>
  );
}
