import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { CircleStop, EllipsisVertical, PencilRuler, RotateCw, SkipForward } from 'lucide-react';
import { useCallback, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type LiveEvent, useInvalidation, useLive } from '@/api/live';
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
import { isOver, withLiveEvent } from '../model';
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
  // A page that has been drawn stays while the server is away: the bar above says that the connection is lost.
  if (run.isLoadingError) {
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

const BATCH_MS = 250;

/** Keeps the run in the cache up to date by the events that come; all of a quarter of a second are drawn at once. */
function useLiveRun(project: string, run: RunDetail): void {
  const client = useQueryClient();
  const key = runQuery(project, run.id).queryKey;
  const outdated = useInvalidation();
  const waiting = useRef<LiveEvent[]>([]);
  useLive(
    [`run:${run.id}`],
    (event) => {
      if (event.type !== 'metrics') outdated.add(key); // progress is drawn without asking the server
      if (event.type === 'resync') return;
      waiting.current.push(event);
      if (waiting.current.length > 1) return;
      setTimeout(() => {
        const events = waiting.current.splice(0);
        client.setQueryData(key, (old) => old && events.reduce(withLiveEvent, old));
      }, BATCH_MS);
    },
    { after: run.seq },
  );
}

interface ShownProps {
  project: string;
  run: RunDetail;
  parents: { label: string; href: string }[];
}

function Shown({ project, run: given, parents }: ShownProps) {
  const { t } = useTranslation('runs');
  const { duration, worded } = useFormat();
  const run = useMemo(() => worded({ ...given, tasks: given.tasks.map(worded) }), [given, worded]);
  const go = useGo();
  const client = useQueryClient();
  const [query, setQuery] = useQueryState();
  const [isStopping, setStopping] = useState(false);
  useLiveRun(project, run);
  const isGoing = !isOver(run.state);
  const now = useNow(isGoing ? 1000 : null);
  const task = useMemo(() => run.tasks.find(({ name }) => name === query.task), [run.tasks, query.task]);
  const pick = useCallback(
    (name: string | undefined) => setQuery({ task: name, line: undefined }, { push: true }),
    [setQuery],
  );

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
          <TaskTable run={run} onPick={pick} />
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
