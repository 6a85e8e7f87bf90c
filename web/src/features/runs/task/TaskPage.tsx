import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { ErrorState } from '@/ui/ErrorState';
import { Page, PageHeader } from '@/ui/PageHeader';
import { Progress } from '@/ui/Progress';
import { projectPath, useGo, useParam, useProject, useQueryState } from '@/ui/routing';
import { Skeleton } from '@/ui/Skeleton';
import { StateChip } from '@/ui/StateChip';
import { TimeLeft } from '@/viz/TimeLeft';
import { taskTitle } from '@/viz/tasks/FailedTasks';
import type { TaskDetail } from '../api';
import { homeOf } from '../model';
import { AttemptSelect, StopButton, useAttempt, useLiveTask } from './TaskActions';
import { TaskViews } from './TaskViews';

/** A task that stands alone, as an import does, or a trial of a search. `?tab=log&line=-3` opens its log there. One of a run is shown on the run's page. */
export default function TaskPage() {
  const { t } = useTranslation('runs');
  const project = useProject();
  const id = Number(useParam('id'));
  const detail = useLiveTask(project, id);
  const { worded } = useFormat();
  const task = detail.data && worded(detail.data);
  const isOfRun = useRunInstead(project, task);
  const { attempts, attempt } = useAttempt(task);
  const parents = task ? parentsOf(t, project, task) : [];
  if (detail.isLoadingError)
    return (
      <Page header={<PageHeader parents={parents} title={`#${id}`} />}>
        <ErrorState error={detail.error} onRetry={() => void detail.refetch()} />
      </Page>
    );
  if (!task || isOfRun)
    return (
      <Page header={<PageHeader parents={parents} title={`#${id}`} />}>
        <Skeleton className="m-6 h-96" />
      </Page>
    );
  return (
    <div className="flex h-full min-h-0 flex-col">
      <PageHeader
        parents={parents}
        title={task.trial === null ? taskTitle(t, task) : t('trials.trialOf', { number: task.trial })}
        actions={
          <>
            <AttemptSelect attempts={attempts} attempt={attempt} />
            <StopButton project={project} task={task} />
          </>
        }
      >
        <StateChip state={task.state} />
      </PageHeader>
      <Headline task={task} />
      <section aria-label={t('task.views')} className="flex min-h-0 flex-1 flex-col bg-surface">
        <TaskViews project={project} task={task} detail={detail} attempt={attempt} />
      </section>
    </div>
  );
}

/** Where one comes from: the list of what it makes, or the run and the search that a trial belongs to. */
function parentsOf(
  t: (key: string, values?: Record<string, unknown>) => string,
  project: string,
  task: TaskDetail,
): { label: string; href: string }[] {
  const home = homeOf(task);
  const list = { label: t(`nav.${home}`, { ns: 'common' }), href: projectPath(project, home) };
  if (task.trial === null || task.run_id === null) return [list];
  const run = projectPath(project, 'runs', task.run_id);
  const step = task.name.split('/')[0] ?? task.name;
  return [
    list,
    { label: `#${task.run_id}`, href: run },
    { label: t('trials.stepSearch', { name: step }), href: `${run}?${new URLSearchParams({ task: step })}` },
  ];
}

/** Why it failed or waits; how far it is while it runs. */
function Headline({ task }: { task: TaskDetail }) {
  const { t } = useTranslation('runs');
  const text = task.reason || task.progress_message;
  const isRunning = task.state === 'running' && task.started_at !== null;
  if (!text && !isRunning) return null;
  return (
    <div
      className={`flex shrink-0 items-center gap-4 border-b border-line px-6 py-2 text-13 ${task.state === 'failed' ? 'bg-[color-mix(in_srgb,var(--failed)_10%,transparent)] text-failed' : 'bg-surface text-fg-2'}`}
    >
      <p role="status" className="min-w-0 flex-1 break-words">
        {text}
      </p>
      {isRunning && (
        <>
          <Progress
            isLabelHidden
            label={t('task.progress')}
            value={task.progress}
            tone="running"
            className="w-56 shrink-0"
          />
          <span className="shrink-0 text-12 tabular-nums">
            <TimeLeft since={task.started_at ?? ''} progress={task.progress} />
          </span>
        </>
      )}
    </div>
  );
}

/** Goes on to the page of the run that a task belongs to, at the same place; a trial is not among the steps there. */
function useRunInstead(project: string, task: TaskDetail | undefined): boolean {
  const go = useGo();
  const [query] = useQueryState();
  const run = task?.trial === null ? task.run_id : null;
  const name = task?.name;
  useEffect(() => {
    if (run === null || name === undefined) return;
    const given = Object.entries({ ...query, task: name }).filter(([, value]) => value !== undefined);
    const search = new URLSearchParams(given as [string, string][]);
    go(`${projectPath(project, 'runs', run)}?${search}`, { replace: true });
  }, [run, name, project, query, go]);
  return run !== null;
}
