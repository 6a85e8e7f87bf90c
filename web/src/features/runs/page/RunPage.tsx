import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { CircleStop, EllipsisVertical, PencilRuler, RotateCw, SkipForward } from 'lucide-react';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLive } from '@/api/live';
import { useFormat } from '@/i18n/format';
import { Button } from '@/ui/Button';
import { ConfirmDialog } from '@/ui/Dialog';
import { ErrorState } from '@/ui/ErrorState';
import { IconButton } from '@/ui/IconButton';
import { Menu } from '@/ui/Menu';
import { Page, PageHeader } from '@/ui/PageHeader';
import { projectPath, useGo, useParam, useProject, useQueryState } from '@/ui/routing';
import { SegmentedControl } from '@/ui/SegmentedControl';
import { Skeleton } from '@/ui/Skeleton';
import { StateChip } from '@/ui/StateChip';
import { Time, useNow } from '@/ui/Time';
import { toastError } from '@/ui/Toast';
import { cancelRun, type RunDetail, rerun, runQuery } from '../api';
import { isOver, type LiveTask, withLiveTask } from '../model';
import { TaskPanel } from '../task/TaskPanel';
import { RunGraph } from './RunGraph';
import { TaskTable } from './TaskTable';
import { Timeline } from './Timeline';

/** One run, live. `?task=train&tab=log&line=120` opens a line of a log; `?view=timeline` the timeline. */
export default function RunPage() {
  const { t } = useTranslation('runs');
  const project = useProject();
  const id = Number(useParam('id'));
  const run = useQuery(runQuery(project, id));
  const parents = [{ label: t('title'), href: projectPath(project, 'runs') }];
  const header = <PageHeader parents={parents} title={Number.isInteger(id) ? `#${id}` : t('title')} />;
  if (run.isError) {
    return (
      <Page header={header}>
        <ErrorState error={run.error} onRetry={() => void run.refetch()} />
      </Page>
    );
  }
  if (!run.data) {
    return (
      <Page header={header}>
        <div className="grid h-full grid-rows-2 gap-4 p-4">
          <Skeleton />
          <Skeleton />
        </div>
      </Page>
    );
  }
  return <Shown key={id} project={project} run={run.data} parents={parents} />;
}

/** Keeps the run in the cache up to date by the events that come. */
function useLiveRun(project: string, run: RunDetail): void {
  const client = useQueryClient();
  const key = runQuery(project, run.id).queryKey;
  useLive(
    [`run:${run.id}`],
    (event) => {
      if (event.type === 'resync') void client.invalidateQueries({ queryKey: key });
      else if (event.type === 'task') {
        client.setQueryData(key, (old) =>
          old ? { ...old, tasks: withLiveTask(old.tasks, event.data as unknown as LiveTask) } : old,
        );
        void client.invalidateQueries({ queryKey: key });
      } else if (event.type === 'metrics') {
        // Progress is a signal: it comes often, and is drawn without asking the server.
        const { task_id, progress, message } = event.data as {
          task_id: number;
          progress: number | null;
          message: string;
        };
        const live = { id: task_id, progress, progress_message: message };
        client.setQueryData(key, (old) => (old ? { ...old, tasks: withLiveTask(old.tasks, live) } : old));
      } else if (event.type === 'run') {
        client.setQueryData(key, (old) => (old ? { ...old, ...(event.data as Partial<RunDetail>) } : old));
        void client.invalidateQueries({ queryKey: key });
      }
    },
    { after: run.seq },
  );
}

interface ShownProps {
  project: string;
  run: RunDetail;
  parents: { label: string; href: string }[];
}

function Shown({ project, run, parents }: ShownProps) {
  const { t } = useTranslation('runs');
  const { duration } = useFormat();
  const go = useGo();
  const client = useQueryClient();
  const [query, setQuery] = useQueryState();
  const [isStopping, setStopping] = useState(false);
  useLiveRun(project, run);
  const isGoing = !isOver(run.state);
  const now = useNow(isGoing ? 1000 : null);
  const task = useMemo(() => run.tasks.find(({ name }) => name === query.task), [run.tasks, query.task]);
  const pick = (name: string | undefined) => setQuery({ task: name, line: undefined }, { push: true });

  const again = useMutation({
    mutationFn: (fromNode: string | null) => rerun(project, run.id, fromNode),
    onSuccess: (next) => {
      void client.invalidateQueries({ queryKey: ['runs', project] });
      go(projectPath(project, 'runs', next.id));
    },
    onError: (error) => toastError(error, t('page.rerunFailed')),
  });
  const stop = useMutation({
    mutationFn: () => cancelRun(project, run.id),
    onSettled: () => setStopping(false),
    onSuccess: () => void client.invalidateQueries({ queryKey: ['runs', project] }),
    onError: (error) => toastError(error, t('page.cancelFailed')),
  });
  const seconds =
    isGoing && run.started_at ? Math.max(0, (now - Date.parse(run.started_at)) / 1000) : run.duration_s;

  return (
    <div className="flex h-full min-h-0 flex-col">
      <PageHeader
        parents={parents}
        title={`#${run.id} ${run.name}`}
        actions={
          <>
            <SegmentedControl
              label={t('page.view')}
              value={query.view === 'timeline' ? 'timeline' : 'graph'}
              onChange={(id) => setQuery({ view: id === 'graph' ? undefined : id })}
              items={[
                { id: 'graph', label: t('page.graph') },
                { id: 'timeline', label: t('page.timeline') },
              ]}
            />
            <Menu
              label={t('page.more')}
              groups={[
                {
                  items: [
                    {
                      id: 'from',
                      label: task ? t('page.rerunFrom', { name: task.name }) : t('page.rerunFromPick'),
                      icon: SkipForward,
                      isDisabled: !task || isGoing,
                      onAction: () => task && again.mutate(task.name),
                    },
                    {
                      id: 'pipeline',
                      label: t('page.openPipeline'),
                      icon: PencilRuler,
                      isDisabled: !run.pipeline,
                      href: run.pipeline ? projectPath(project, 'pipelines', run.pipeline) : undefined,
                    },
                  ],
                },
              ]}
            >
              <IconButton icon={EllipsisVertical} label={t('page.more')} />
            </Menu>
            {isGoing ? (
              <Button
                variant="danger"
                isDisabled={run.state === 'stopping'}
                onPress={() => setStopping(true)}
              >
                <CircleStop aria-hidden />
                {t('page.cancel')}
              </Button>
            ) : (
              <Button isPending={again.isPending} onPress={() => again.mutate(null)}>
                <RotateCw aria-hidden />
                {t('page.rerun')}
              </Button>
            )}
          </>
        }
      >
        <StateChip state={run.state} />
        <span className="truncate text-12 text-fg-3">
          {run.created_by} · <Time at={run.created_at} />
          {seconds !== null && ` · ${duration(seconds)}`}
        </span>
      </PageHeader>
      {run.reason && (
        <p
          role="status"
          className={`shrink-0 border-b border-line px-6 py-2 text-13 ${run.state === 'failed' ? 'bg-[color-mix(in_srgb,var(--failed)_10%,transparent)] text-failed' : 'bg-surface text-fg-2'}`}
        >
          {run.reason}
        </p>
      )}
      <div className={task ? 'h-[40%] min-h-56 shrink-0' : 'h-[46%] min-h-64 shrink-0'}>
        {query.view === 'timeline' ? (
          <Timeline run={run} selected={task?.name} onPick={pick} now={now} />
        ) : (
          <RunGraph project={project} run={run} selected={task?.name} onPick={pick} now={now} />
        )}
      </div>
      <section
        aria-label={task ? task.name : t('page.tasks')}
        className="flex min-h-0 flex-1 flex-col border-t border-line bg-surface"
      >
        {task ? (
          <TaskPanel
            key={task.id}
            project={project}
            task={task}
            run={run}
            onClose={() => pick(undefined)}
            onRerun={() => again.mutate(task.name)}
          />
        ) : (
          <TaskTable run={run} onPick={pick} now={now} />
        )}
      </section>
      <ConfirmDialog
        title={t('page.cancelTitle', { id: run.id })}
        isOpen={isStopping}
        onClose={() => setStopping(false)}
        confirmLabel={t('page.cancel')}
        isDanger
        isPending={stop.isPending}
        onConfirm={() => stop.mutate()}
      >
        <p>{t('page.cancelText')}</p>
      </ConfirmDialog>
    </div>
  );
}
