import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { logErrorQuery } from '@/api/tasks';
import { useFormat } from '@/i18n/format';
import { Panel } from '@/ui/Panel';
import { AppLink, projectPath } from '@/ui/routing';
import { StateIcon } from '@/ui/StateChip';
import { Time } from '@/ui/Time';
import type { Task } from './api';
import { placeOf, wayTo } from './model';

const SHOWN = 5;

/** What failed in the last day, each with its reason and the line of its log that tells of the error. */
export function Failures({ project, tasks }: { project: string; tasks: Task[] }) {
  const { t } = useTranslation(['overview', 'pipelines']);
  const { worded } = useFormat();
  return (
    <Panel title={t('failures')} aside={String(tasks.length)}>
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
                    href={
                      projectPath(project, ...wayTo(task)) + (task.run_id === null ? '' : placeOf(task.name))
                    }
                    translate="no"
                    className="font-medium hover:underline"
                  >
                    {task.run_id === null
                      ? t(`job.${task.algorithm}`, {
                          name: task.name.replace(/^import /, ''),
                          defaultValue: task.name,
                        })
                      : task.name}
                  </AppLink>
                  {task.run_id !== null && (
                    <span className="text-12 text-fg-3">
                      {task.algorithm} · {t(`function.${task.function}`, { ns: 'pipelines' })} · #
                      {task.run_id}
                    </span>
                  )}
                </p>
                <p className="mt-0.5 line-clamp-2 text-12 break-words text-fg-2">{task.reason}</p>
                <ErrorLine project={project} task={task} />
              </div>
              {task.finished_at && <Time at={task.finished_at} className="shrink-0 text-12 text-fg-3" />}
            </li>
          ))}
      </ul>
    </Panel>
  );
}

/** The line itself, which opens the log there. Nothing where the log tells of no error. */
function ErrorLine({ project, task }: { project: string; task: Task }) {
  const { t } = useTranslation('overview');
  const found = useQuery({ ...logErrorQuery(project, task.id), enabled: task.num_attempts > 0 }).data;
  if (!found || found.from_end === null) return null;
  const line = <code className="line-clamp-2 font-mono text-12 break-words">{found.text}</code>;
  if (task.run_id === null) return <p className="mt-1 text-failed">{line}</p>;
  return (
    <AppLink
      href={projectPath(project, 'runs', task.run_id) + placeOf(task.name, found.from_end)}
      title={t('openLog')}
      className="mt-1 block text-failed hover:underline"
    >
      {line}
    </AppLink>
  );
}
