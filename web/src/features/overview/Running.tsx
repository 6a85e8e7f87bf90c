import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { Panel } from '@/ui/Panel';
import { Progress } from '@/ui/Progress';
import { AppLink, projectPath } from '@/ui/routing';
import { StateIcon } from '@/ui/StateChip';
import { Elapsed } from '@/ui/Time';
import { type Run, runTasksQuery } from './api';
import { runProgress } from './model';

/** What goes on now, one's own first. */
export function Running({ project, runs }: { project: string; runs: Run[] }) {
  const { t } = useTranslation('overview');
  return (
    <Panel title={t('running')} aside={String(runs.length)}>
      <ul className="divide-y divide-line">
        {runs.slice(0, 6).map((run) => (
          <RunningRow key={run.id} project={project} run={run} />
        ))}
      </ul>
    </Panel>
  );
}

function RunningRow({ project, run }: { project: string; run: Run }) {
  const { t } = useTranslation('overview');
  const { worded } = useFormat();
  // Progress is told without an event, so that it is asked for while somebody looks.
  const tasks = useQuery({ ...runTasksQuery(project, run.id), refetchInterval: 2000 }).data ?? [];
  const current =
    tasks.find(({ state }) => state === 'running') ?? tasks.find(({ state }) => state === 'queued');
  const words =
    current &&
    [current.name, worded(current).progress_message || worded(current).reason].filter(Boolean).join(': ');
  return (
    <li className="px-4 py-3">
      <div className="flex items-center gap-2.5">
        <StateIcon state={run.state} />
        <AppLink
          href={projectPath(project, 'runs', run.id)}
          className="min-w-0 truncate font-medium hover:underline"
          title={run.name}
        >
          {`#${run.id} ${run.name}`}
        </AppLink>
        <span className="flex-1 text-12 whitespace-nowrap text-fg-3">
          {t('stepsDone', { done: run.num_done, all: run.num_tasks })} · {run.created_by}
        </span>
        {run.started_at && (
          <span className="shrink-0 text-12 text-fg-2">
            <Elapsed since={run.started_at} />
          </span>
        )}
      </div>
      <Progress
        isLabelHidden
        label={run.name}
        value={runProgress(tasks) ?? 0}
        tone="running"
        className="mt-2 ml-[26px]"
      />
      {words && <p className="mt-1.5 ml-[26px] truncate text-12 text-fg-2">{words}</p>}
    </li>
  );
}
