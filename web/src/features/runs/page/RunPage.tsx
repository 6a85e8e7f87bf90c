import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useMemo, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { type LiveEvent, useInvalidation, useLive } from '@/api/live';
import { later } from '@/i18n';
import { useFormat } from '@/i18n/format';
import { atNextTick } from '@/ui/clock';
import { ErrorState } from '@/ui/ErrorState';
import { Page, PageHeader } from '@/ui/PageHeader';
import { projectPath, useGo, useParam, useProject, useQueryState } from '@/ui/routing';
import { Skeleton } from '@/ui/Skeleton';
import { toastError } from '@/ui/Toast';
import { type RunDetail, rerun, runQuery } from '../api';
import { withLiveEvent, withoutTasks } from '../model';
import { TaskPanel } from '../task/TaskPanel';
import { RunGraph } from './RunGraph';
import { RunHeader } from './RunHeader';
import { TaskTable } from './TaskTable';
import { Timeline } from './Timeline';

/** One run, live. `?task=train&tab=log&line=120` opens a line of a log; `?view=timeline` the timeline. */
export default function RunPage() {
  const { t } = useTranslation('runs');
  const project = useProject();
  const id = Number(useParam('id'));
  const run = useQuery(runQuery(project, id));
  const parents = useMemo(() => [{ label: t('title'), href: projectPath(project, 'runs') }], [t, project]);
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

/** Keeps the run in the cache up to date by the events that come; all of half a second are drawn at once. */
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
      atNextTick(() => {
        const events = waiting.current.splice(0);
        client.setQueryData(key, (old) => old && events.reduce(withLiveEvent, old));
      });
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
  const { worded } = useFormat();
  const run = useMemo(() => worded({ ...given, tasks: given.tasks.map(worded) }), [given, worded]);
  const go = useGo();
  const client = useQueryClient();
  const [query, setQuery] = useQueryState();
  useLiveRun(project, run);
  const task = useMemo(() => run.tasks.find(({ name }) => name === query.task), [run.tasks, query.task]);
  const pick = useCallback(
    (name: string | undefined) => setQuery({ task: name, line: undefined }, { push: true }),
    [setQuery],
  );

  const steady = useRef(run);
  steady.current = withoutTasks(steady.current, run);
  const again = useMutation({
    mutationFn: (fromNode: string | null) => rerun(project, run.id, fromNode),
    onSuccess: (next) => {
      void client.invalidateQueries({ queryKey: ['runs', project] });
      go(projectPath(project, 'runs', next.id));
    },
    onError: (error) => toastError(error, later('runs', 'page.rerunFailed')),
  });

  return (
    <div className="flex h-full min-h-0 flex-col">
      <RunHeader
        project={project}
        run={steady.current}
        parents={parents}
        task={task?.name}
        view={query.view === 'timeline' ? 'timeline' : 'graph'}
        onRerun={again.mutate}
        isStarting={again.isPending}
      />
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
          <Timeline run={run} selected={task?.name} onPick={pick} />
        ) : (
          <RunGraph project={project} run={run} selected={task?.name} onPick={pick} />
        )}
      </div>
      <section
        aria-label={task ? `${t('task.step')} “${task.name}”` : t('page.tasks')}
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
    </div>
  );
}
