import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '@/api/client';
import { unsettledTasksQuery } from '@/api/tasks';
import { useFormat } from '@/i18n/format';
import { Panel } from '@/ui/Panel';
import { AppLink } from '@/ui/routing';
import { StateIcon } from '@/ui/StateChip';
import { Time } from '@/ui/Time';
import { taskPath } from './place';

type Task = Schemas['TaskOut'];

const SHOWN = 5;

/** Tasks that failed, each with its reason, which opens its log at the error. */
export function FailedTasks({
  project,
  tasks,
  className,
}: {
  project: string;
  tasks: Task[];
  className?: string;
}) {
  const { t } = useTranslation();
  const { worded } = useFormat();
  return (
    <Panel title={t('failedTasks.title')} aside={String(tasks.length)} className={className}>
      <ul className="divide-y divide-line">
        {tasks
          .slice(0, SHOWN)
          .map(worded)
          .map((task) => (
            <li key={task.id} className="flex items-start gap-2.5 px-4 py-3">
              <StateIcon state="failed" className="mt-0.5 size-4" />
              <div className="min-w-0 flex-1">
                <p className="flex items-baseline gap-2">
                  <AppLink
                    translate="no"
                    href={taskPath(project, task)}
                    className="font-medium hover:underline"
                  >
                    {taskTitle(t, task)}
                  </AppLink>
                  {task.run_id !== null && (
                    <span className="text-12 text-fg-3">
                      {task.algorithm} · {t(`function.${task.function}`)} · #{task.run_id}
                    </span>
                  )}
                </p>
                <AppLink
                  href={taskPath(project, task, 'log')}
                  title={t('failedTasks.openLog')}
                  className="mt-0.5 block text-12 text-failed hover:underline"
                >
                  <span className="line-clamp-3 break-words">{task.reason}</span>
                </AppLink>
              </div>
              {task.finished_at && <Time at={task.finished_at} className="shrink-0 text-12 text-fg-3" />}
            </li>
          ))}
      </ul>
    </Panel>
  );
}

/** What of one algorithm failed in the last day and was not made up for, as by a later success. Nothing where nothing did. */
export function FailuresOf({
  project,
  algorithm,
  className,
}: {
  project: string;
  algorithm: string;
  className?: string;
}) {
  const failed = useQuery(unsettledTasksQuery(project, algorithm)).data;
  return failed?.length ? <FailedTasks project={project} tasks={failed} className={className} /> : null;
}

/** What a task is called: its step, or what it is for where it has no run. */
export function taskTitle(
  t: (key: string, values: Record<string, unknown>) => string,
  { run_id, name, algorithm }: Pick<Task, 'run_id' | 'name' | 'algorithm'>,
): string {
  if (run_id !== null) return name;
  return t(`job.${algorithm}`, { ns: 'common', name: name.replace(/^import /, ''), defaultValue: name });
}
