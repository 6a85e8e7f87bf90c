import { CircleAlert, Lock, SearchX, WifiOff } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { toProblem } from '@/api/problem';
import { useFormat } from '@/i18n/format';
import { Button } from './Button';

interface ErrorStateProps {
  error: unknown;
  onRetry?: () => void;
  /** Beside other content: one block without much room around. */
  isInline?: boolean;
}

function iconOf(status: number) {
  if (status === 0) return WifiOff;
  if (status === 403) return Lock;
  return status === 404 ? SearchX : CircleAlert;
}

/** What failed, why, and what to do next. */
export function ErrorState({ error, onRetry, isInline }: ErrorStateProps) {
  const { t } = useTranslation();
  const problem = useFormat().worded(toProblem(error));
  const Icon = iconOf(problem.status);
  const known = ['403', '404', '0'].includes(String(problem.status)) ? String(problem.status) : 'other';
  return (
    <div
      role="alert"
      className={
        isInline
          ? 'flex gap-3 rounded-lg border border-line bg-surface p-4'
          : 'mx-auto flex max-w-lg gap-4 px-6 py-16'
      }
    >
      <Icon
        aria-hidden
        className={`mt-0.5 size-5 shrink-0 ${problem.status === 404 ? 'text-fg-3' : 'text-failed'}`}
      />
      <div className="min-w-0 flex-1">
        <h2 className="text-14 font-semibold">{t(`error.${known}`)}</h2>
        <p className="mt-1 text-13 break-words text-fg-2">
          {problem.status === 0 && problem.code === 'unreachable' ? t('error.unreachable') : problem.detail}
        </p>
        {problem.hint && <p className="mt-1 text-13 text-fg-2">{problem.hint}</p>}
        <div className="mt-3 flex flex-wrap items-center gap-3">
          {onRetry && (
            <Button size="small" onPress={onRetry}>
              {t('retry')}
            </Button>
          )}
          {problem.request_id && (
            <span className="text-12 text-fg-3">
              {t('error.request')} <code className="font-mono">{problem.request_id}</code>
            </span>
          )}
        </div>
      </div>
    </div>
  );
}
