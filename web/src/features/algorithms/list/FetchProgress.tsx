import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useLive } from '@/api/live';
import { outputsQuery, taskQuery } from '@/api/tasks';
import { useFormat } from '@/i18n/format';
import { ErrorState } from '@/ui/ErrorState';
import { Progress } from '@/ui/Progress';
import { StateChip } from '@/ui/StateChip';
import { FailedEnd, useTellWhenFailed } from '@/viz/tasks/TaskEnd';
import { logQuery } from '../api';
import { publishedVersion } from '../model';

interface FetchProgressProps {
  project: string;
  taskId: number;
  onInstalled: (name: string, version: string) => void;
}

const LOG_EVERY_MS = 1000;
const OVER = new Set(['succeeded', 'failed', 'cancelled']);

/** A fetch under way: its state, its last words, its log; or why nothing was installed. */
export function FetchProgress({ project, taskId, onInstalled }: FetchProgressProps) {
  const { t } = useTranslation('algorithms');
  const { worded } = useFormat();
  const client = useQueryClient();
  const query = taskQuery(project, taskId);
  const task = useQuery(query);
  useLive([`task:${taskId}`], () => void client.invalidateQueries({ queryKey: query.queryKey }));
  const state = task.data?.state;
  useTellWhenFailed(taskId, task.data);
  const isOver = state !== undefined && OVER.has(state);
  const log = useQuery({ ...logQuery(project, taskId), refetchInterval: isOver ? false : LOG_EVERY_MS });
  const outputs = useQuery({ ...outputsQuery(project, taskId), enabled: state === 'succeeded' });
  const version = publishedVersion(outputs.data ?? []);
  const done = useRef(onInstalled);
  done.current = onInstalled;
  const { name, version: number } = version ?? {};
  useEffect(() => {
    if (name !== undefined && number !== undefined) done.current(name, number);
  }, [name, number]);
  if (task.isError) return <ErrorState isInline error={task.error} onRetry={() => void task.refetch()} />;
  const words = (task.data && (worded(task.data).reason || worded(task.data).progress_message)) || '';
  const isRefused = isOver && outputs.data !== undefined && version === null;
  return (
    <div className="space-y-3">
      <div className="flex items-center gap-3">
        {state && <StateChip state={state} />}
        <span className="text-12 text-fg-3">{t('install.task', { id: taskId })}</span>
      </div>
      {!isOver && <Progress label={t('install.fetching')} value={task.data?.progress ?? null} />}
      {words && (
        <p className={`text-13 break-words ${state === 'failed' || isRefused ? 'text-failed' : 'text-fg-2'}`}>
          {words}
        </p>
      )}
      {task.data && <FailedEnd project={project} task={task.data} />}
      {(log.data?.lines.length ?? 0) > 0 && (
        <section
          aria-label={t('install.log')}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached with the keyboard
          tabIndex={0}
          className="max-h-48 overflow-auto rounded-md bg-sunken p-3"
        >
          <pre className="font-mono text-12 whitespace-pre-wrap text-fg-2">{log.data?.lines.join('\n')}</pre>
        </section>
      )}
    </div>
  );
}
