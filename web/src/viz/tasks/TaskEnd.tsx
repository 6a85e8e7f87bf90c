import { ScrollText } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '@/api/client';
import { LinkButton } from '@/ui/Button';
import { tellWhenFailed } from './begun';
import { taskPath } from './place';

const OVER = new Set(['succeeded', 'failed', 'cancelled']);

/** Of a task that failed: the way to its log. */
export function FailedEnd({ project, task }: { project: string; task: Schemas['TaskOut'] }) {
  const { t } = useTranslation();
  if (task.state !== 'failed') return null;
  return (
    <LinkButton size="small" href={taskPath(project, task)}>
      <ScrollText aria-hidden />
      {t('failedTasks.log')}
    </LinkButton>
  );
}

/** Whoever goes away before a task is over is told when it fails. */
export function useTellWhenFailed(id: number, task: Schemas['TaskOut'] | undefined): void {
  const last = useRef(task);
  last.current = task;
  useEffect(
    () => () => {
      if (!OVER.has(last.current?.state ?? '')) tellWhenFailed(id, last.current?.algorithm ?? '');
    },
    [id],
  );
}
