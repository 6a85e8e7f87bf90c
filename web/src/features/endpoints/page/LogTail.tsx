import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useLiveQueries } from '@/api/live';
import { useFormat } from '@/i18n/format';
import { ErrorState } from '@/ui/ErrorState';
import { Panel } from '@/ui/Panel';
import { SkeletonRows } from '@/ui/Skeleton';
import { logTailQuery } from '../api';

interface LogTailProps {
  project: string;
  taskId: number;
  isGoing: boolean;
}

/** The newest lines of what an endpoint writes. */
export function LogTail({ project, taskId, isGoing }: LogTailProps) {
  const { t } = useTranslation('endpoints');
  const { count } = useFormat();
  const log = useQuery(logTailQuery(project, taskId));
  useLiveQueries([`task:${taskId}`], ({ type }) => (type === 'metrics' ? [] : [['log', project, taskId]]), {
    always: [['log', project, taskId]],
    isEnabled: isGoing,
  });
  const frame = useRef<HTMLPreElement>(null);
  const isAtEnd = useRef(true);
  const lines = log.data?.lines;
  useEffect(() => {
    if (lines && isAtEnd.current && frame.current) frame.current.scrollTop = frame.current.scrollHeight;
  }, [lines]);
  return (
    <Panel title={t('log.title')} aside={log.data && t('log.lines', { lines: count(log.data.num_lines) })}>
      {log.isError && <ErrorState error={log.error} isInline />}
      {log.isPending && <SkeletonRows rows={3} className="p-4" />}
      {lines?.length === 0 && <p className="p-4 text-13 text-fg-3">{t('log.nothing')}</p>}
      {lines && lines.length > 0 && (
        <pre
          ref={frame}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region has to be reached by the keyboard
          tabIndex={0}
          role="log"
          aria-label={t('log.title')}
          onScroll={({ currentTarget: box }) => {
            isAtEnd.current = box.scrollTop + box.clientHeight >= box.scrollHeight - 20;
          }}
          className="max-h-64 overflow-auto px-4 py-3 font-mono text-12 leading-[19px]"
        >
          {lines.join('\n')}
        </pre>
      )}
    </Panel>
  );
}
