import i18next from 'i18next';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '@/api/client';
import { useLive } from '@/api/live';
import { useFormat } from '@/i18n/format';
import { useGo } from '@/ui/routing';
import { toast } from '@/ui/Toast';
import { toBeTold } from '@/viz/tasks/begun';
import { taskTitle } from '@/viz/tasks/FailedTasks';
import { taskPath } from '@/viz/tasks/place';

type TaskEvent = Pick<Schemas['TaskOut'], 'id' | 'run_id' | 'name' | 'state' | 'reason' | 'reason_zh'>;

/** Says when something that was begun in this window has failed, with the way to its log. */
export function useFailureToasts(project: string): void {
  const { t } = useTranslation();
  const { worded } = useFormat();
  const go = useGo();
  useLive([`project:${project}`], ({ type, data }) => {
    const task = data as unknown as TaskEvent;
    const algorithm = type === 'task' ? toBeTold(task) : null;
    if (algorithm === null) return;
    toast({
      tone: 'failed',
      title: () => i18next.t('failedTasks.toast', { name: taskTitle(i18next.t, { ...task, algorithm }) }),
      detail: worded(task).reason,
      action: { label: t('failedTasks.log'), onPress: () => go(taskPath(project, task)) },
    });
  });
}
