import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { useLive } from '@/api/live';
import { taskQuery } from '@/api/tasks';
import { useFormat } from '@/i18n/format';
import { ErrorState } from '@/ui/ErrorState';
import { Progress } from '@/ui/Progress';
import { StateChip } from '@/ui/StateChip';
import { FailedEnd, useTellWhenFailed } from '@/viz/tasks/TaskEnd';

export type TaskEnd = 'succeeded' | 'failed';

/** A task from here until it ends: state, progress, what it says. */
export function TaskProgress({
  project,
  taskId,
  onEnd,
}: {
  project: string;
  taskId: number;
  onEnd: (end: TaskEnd) => void;
}) {
  const { t } = useTranslation('datasets');
  const { worded } = useFormat();
  const client = useQueryClient();
  const query = taskQuery(project, taskId);
  const task = useQuery(query);
  useLive([`task:${taskId}`], () => void client.invalidateQueries({ queryKey: query.queryKey }));
  const state = task.data?.state;
  useTellWhenFailed(taskId, task.data);
  useEffect(() => {
    if (state === 'succeeded' || state === 'failed') onEnd(state);
  }, [state, onEnd]);
  if (task.isLoadingError)
    return <ErrorState isInline error={task.error} onRetry={() => void task.refetch()} />;
  const isOver = state === 'succeeded' || state === 'failed' || state === 'cancelled';
  const told = task.data && worded(task.data);
  const words = told?.reason || told?.progress_message || '';
  // A refusal is a note, and the reason too.
  const notes = (told?.notes ?? []).filter((note) => !words.includes(note));
  return (
    <div className="space-y-3 py-2">
      <div className="flex items-center gap-3">
        {state && <StateChip state={state} />}
        <span className="text-12 text-fg-3">{t('importDialog.task', { id: taskId })}</span>
      </div>
      {!isOver && <Progress label={t('importDialog.reading')} value={task.data?.progress ?? null} />}
      {words && <p className={state === 'failed' ? 'text-failed' : 'text-fg-2'}>{words}</p>}
      {notes.map((note) => (
        <p key={note} className="text-12 text-fg-2">
          {note}
        </p>
      ))}
      {task.data && <FailedEnd project={project} task={task.data} />}
      {state === 'succeeded' && <p>{t('importDialog.done')}</p>}
    </div>
  );
}
