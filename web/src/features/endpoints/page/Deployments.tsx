import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { Undo2 } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useMayChange } from '@/api/projects';
import { useFormat } from '@/i18n/format';
import { Button } from '@/ui/Button';
import { ErrorState } from '@/ui/ErrorState';
import { Panel } from '@/ui/Panel';
import { AppLink, projectPath } from '@/ui/routing';
import { SkeletonRows } from '@/ui/Skeleton';
import { StateChip } from '@/ui/StateChip';
import { Time } from '@/ui/Time';
import { toast, toastError } from '@/ui/Toast';
import { type Deployment, deploy, deploymentsQuery } from '../api';
import { differences, isReturnable } from '../model';

interface DeploymentsProps {
  project: string;
  name: string;
  /** The task that answers; with another one the list is read anew. */
  taskId: number;
}

/** What the endpoint was given, newest first; what answered before comes back with one press. */
export function Deployments({ project, name, taskId }: DeploymentsProps) {
  const { t } = useTranslation('endpoints');
  const { worded } = useFormat();
  const client = useQueryClient();
  const mayChange = useMayChange(project);
  const deployments = useInfiniteQuery(deploymentsQuery(project, name, taskId));
  const items = deployments.data?.pages.flatMap((page) => page.items) ?? [];
  const current = items.find(({ is_current }) => is_current);
  const back = useMutation({
    mutationFn: ({ model, algorithm, algorithm_version, parameters }: Deployment) =>
      deploy(project, {
        name,
        model: model?.name ?? '',
        version: model?.version ?? null,
        algorithm: `${algorithm}@${algorithm_version}`,
        parameters,
      }),
    onSuccess: (_, { model }) =>
      toast({
        tone: 'ok',
        title: t('versions.goingBack', { model: `${model?.name} v${model?.version}` }),
        detail: t('versions.untilReady'),
      }),
    onError: (error) => toastError(error, t('deploy.failed')),
    onSettled: () => client.invalidateQueries({ queryKey: ['endpoints', project] }),
  });
  return (
    <Panel title={t('versions.title')}>
      {deployments.isPending ? (
        <SkeletonRows rows={2} className="p-4" />
      ) : deployments.isError ? (
        <ErrorState error={deployments.error} isInline onRetry={() => void deployments.refetch()} />
      ) : (
        <ul className="max-h-96 divide-y divide-line overflow-auto">
          {items.map((deployment) => (
            <li key={deployment.task_id} className="flex items-center gap-3 px-4 py-2.5">
              <div className="min-w-0 flex-1">
                <p className="flex items-center gap-2 text-13">
                  <Name project={project} deployment={deployment} />
                  <StateChip state={deployment.state} />
                </p>
                <p className="mt-0.5 truncate text-12 text-fg-3" title={worded(deployment).reason}>
                  <Time at={deployment.created_at} />
                  <span translate="no">
                    {['', deployment.created_by, ...differences(deployment, current)].join(' · ')}
                  </span>
                </p>
              </div>
              {mayChange && isReturnable(deployment, current) && (
                <Button
                  size="small"
                  aria-label={t('versions.backTo', { task: deployment.task_id })}
                  isPending={back.isPending && back.variables.task_id === deployment.task_id}
                  onPress={() => back.mutate(deployment)}
                >
                  <Undo2 aria-hidden />
                  {t('versions.back')}
                </Button>
              )}
            </li>
          ))}
        </ul>
      )}
      {deployments.hasNextPage && (
        <div className="border-t border-line p-3">
          <Button
            size="small"
            isPending={deployments.isFetchingNextPage}
            onPress={() => void deployments.fetchNextPage()}
          >
            {t('loadMore', { ns: 'common' })}
          </Button>
        </div>
      )}
    </Panel>
  );
}

function Name({ project, deployment: { model, task_id } }: { project: string; deployment: Deployment }) {
  const { t } = useTranslation('endpoints');
  if (!model?.name) return <span>{t('page.unpublished')}</span>;
  return (
    <AppLink
      translate="no"
      className="truncate font-medium text-accent hover:underline"
      title={`#${task_id}`}
      href={`${projectPath(project, 'models', model.name)}?v=${model.version}`}
    >
      {model.name} v{model.version}
    </AppLink>
  );
}
