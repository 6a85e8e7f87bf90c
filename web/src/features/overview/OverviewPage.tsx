import { useQueries, useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { sessionQuery } from '@/api/session';
import { ErrorState } from '@/ui/ErrorState';
import { Page, PageHeader } from '@/ui/PageHeader';
import { useProject } from '@/ui/routing';
import { SkeletonRows } from '@/ui/Skeleton';
import { useNow } from '@/ui/Time';
import {
  endpointsQuery,
  failedTasksQuery,
  recentDatasetsQuery,
  recentModelsQuery,
  recentRunsQuery,
} from './api';
import { ClusterStrip } from './ClusterStrip';
import { Datasets } from './Datasets';
import { Endpoints } from './Endpoints';
import { Failures } from './Failures';
import { Models } from './Models';
import { goingOn, ofLastDay } from './model';
import { RecentRuns } from './RecentRuns';
import { Running } from './Running';
import { Starters } from './Starters';

/** Where one left off: what runs, what failed, what is new. In an empty project: how to begin. */
export default function OverviewPage() {
  const { t } = useTranslation('overview');
  const project = useProject();
  const username = useQuery(sessionQuery).data?.username ?? '';
  const now = useNow(60_000);
  const [runs, failed, datasets, models, endpoints] = useQueries({
    queries: [
      recentRunsQuery(project),
      failedTasksQuery(project),
      recentDatasetsQuery(project),
      recentModelsQuery(project),
      endpointsQuery(project),
    ],
  });
  const all = [runs, failed, datasets, models, endpoints];
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
  if (!runs.data || !failed.data || !datasets.data || !models.data || !endpoints.data)
    return (
      <Page header={header}>
        <SkeletonRows className="p-6" />
      </Page>
    );
  const isEmpty = [runs.data, datasets.data, models.data].every((items) => items.length === 0);
  if (isEmpty)
    return (
      <Page header={header}>
        <Starters project={project} />
      </Page>
    );
  const running = goingOn(runs.data, username);
  const failures = ofLastDay(failed.data, now);
  return (
    <Page header={header}>
      <div className="grid max-w-[1400px] grid-cols-[minmax(0,2fr)_minmax(300px,1fr)] items-start gap-4 p-6">
        <div className="space-y-4">
          {running.length > 0 && <Running project={project} runs={running} />}
          {failures.length > 0 && <Failures project={project} tasks={failures} />}
          <Datasets project={project} datasets={datasets.data} />
          <RecentRuns
            project={project}
            runs={runs.data.filter((run) => !running.includes(run)).slice(0, 6)}
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
