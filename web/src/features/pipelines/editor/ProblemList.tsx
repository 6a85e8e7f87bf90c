import { ChevronDown, CircleAlert, CircleCheck, TriangleAlert } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { cx } from '@/ui/cx';
import type { Problem } from '../api';

interface ProblemListProps {
  problems: Problem[];
  onPick: (node: string) => void;
}

/** What keeps the pipeline from running, under the canvas. */
export function ProblemList({ problems, onPick }: ProblemListProps) {
  const { t } = useTranslation('pipelines');
  const [isOpen, setOpen] = useState(false);
  const numErrors = problems.filter(({ severity }) => severity === 'error').length;
  if (problems.length === 0) {
    return (
      <p className="flex h-8 shrink-0 items-center gap-2 border-t border-line bg-surface px-4 text-12 text-fg-3">
        <CircleCheck aria-hidden className="size-3.5 text-ok" />
        {t('problems.none')}
      </p>
    );
  }
  return (
    <section aria-label={t('problems.label')} className="shrink-0 border-t border-line bg-surface">
      <button
        type="button"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
        className="flex h-8 w-full items-center gap-2 px-4 text-12 font-medium"
      >
        {numErrors > 0 ? (
          <CircleAlert aria-hidden className="size-3.5 text-failed" />
        ) : (
          <TriangleAlert aria-hidden className="size-3.5 text-warning" />
        )}
        {t('problems.count', { count: problems.length })}
        <span className="min-w-0 flex-1 truncate text-left font-normal text-fg-2">
          {isOpen ? '' : problems[0]?.reason}
        </span>
        <ChevronDown aria-hidden className={cx('size-4 transition-transform', !isOpen && 'rotate-180')} />
      </button>
      {isOpen && (
        <ul className="max-h-40 overflow-auto border-t border-line py-1">
          {problems.map((problem) => (
            <li key={`${problem.path}|${problem.reason}`}>
              <button
                type="button"
                onClick={() => problem.node && onPick(problem.node)}
                className="flex w-full items-start gap-2 px-4 py-1.5 text-left text-12 hover:bg-sunken"
              >
                {problem.severity === 'error' ? (
                  <CircleAlert aria-hidden className="mt-0.5 size-3.5 shrink-0 text-failed" />
                ) : (
                  <TriangleAlert aria-hidden className="mt-0.5 size-3.5 shrink-0 text-warning" />
                )}
                <span className="min-w-0 flex-1">
                  {problem.reason} <span className="text-fg-2">{problem.fix}</span>
                </span>
                <code className="shrink-0 font-mono text-11 text-fg-3">{problem.path}</code>
              </button>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
