import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import { CircleStop } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useLiveQueries } from '@/api/live';
import { useMayChange } from '@/api/projects';
import { taskQuery } from '@/api/tasks';
import { later } from '@/i18n';
import { Button } from '@/ui/Button';
import { useQueryState } from '@/ui/routing';
import { Select } from '@/ui/Select';
import { toastError } from '@/ui/Toast';
import { type Attempt, cancelTask, type Task, type TaskDetail } from '../api';
import { isOver } from '../model';

/** All about a task, kept up to date. */
export function useLiveTask(project: string, id: number): UseQueryResult<TaskDetail> {
  useLiveQueries([`task:${id}`], ({ type }) => (type === 'task' ? [['tasks', project, id]] : []), {
    always: [['tasks', project, id]],
  });
  return useQuery(taskQuery(project, id));
}

/** The attempts of a task, and the one that the address names; undefined stands for the latest. */
export function useAttempt(detail: TaskDetail | undefined): {
  attempts: Attempt[];
  attempt: number | undefined;
} {
  const [query] = useQueryState();
  const attempts = detail?.attempts ?? [];
  const asked = Number(query.attempt);
  return { attempts, attempt: attempts.some(({ number }) => number === asked) ? asked : undefined };
}

/** Chooses among several attempts; nothing where there is one. */
export function AttemptSelect({ attempts, attempt }: { attempts: Attempt[]; attempt: number | undefined }) {
  const { t } = useTranslation('runs');
  const [, setQuery] = useQueryState();
  if (attempts.length < 2) return null;
  return (
    <Select
      label={t('task.attempt')}
      isLabelHidden
      size="small"
      className="w-36"
      value={String(attempt ?? attempts[0]?.number ?? '')}
      onChange={(number) => setQuery({ attempt: number })}
      options={attempts.map(({ number, outcome }) => ({
        id: String(number),
        label: t('task.attemptNumber', { number }),
        note: outcome ? t(`outcome.${outcome}`) : undefined,
      }))}
    />
  );
}

/** Stops a task that goes on; nothing for one that does not, and for viewers. */
export function StopButton({ project, task }: { project: string; task: Pick<Task, 'id' | 'state'> }) {
  const { t } = useTranslation('runs');
  const mayChange = useMayChange(project);
  if (!mayChange || isOver(task.state)) return null;
  return (
    <Button
      size="small"
      variant="danger"
      onPress={() =>
        void cancelTask(project, task.id).catch((error) =>
          toastError(error, later('runs', 'page.cancelFailed')),
        )
      }
    >
      <CircleStop aria-hidden />
      {t('task.stop')}
    </Button>
  );
}
