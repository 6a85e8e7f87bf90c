import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { useQueryState } from '@/ui/routing';
import type { Report } from './api';
import { type Filter, type Outcome, thresholdOf } from './model';

interface FiguresProps {
  report: Report;
  /** The samples in sight. */
  shown: Filter | null;
  onShow: (filter: Partial<Filter>) => void;
}

const SETTLE_MS = 60;

/** The threshold, and what comes of it: how much is answered, and how much of that is right. */
export function Figures({ report, shown, onShow }: FiguresProps) {
  const { t } = useTranslation('evaluation');
  const { share, count } = useFormat();
  const { num_samples, num_answered, num_right } = report;
  const [threshold, setThreshold] = useThreshold();
  return (
    <section
      aria-label={t('figures')}
      className="flex shrink-0 flex-wrap items-center gap-x-8 gap-y-2 border-b border-line bg-surface px-6 py-2.5"
    >
      <label className="flex items-center gap-3 text-12 text-fg-2" title={t('thresholdHelp')}>
        {t('threshold')}
        <input
          type="range"
          min={0}
          max={1}
          step={0.01}
          value={threshold}
          onChange={(event) => setThreshold(Number(event.target.value))}
          className="h-6 w-44 accent-accent"
        />
        <output className="w-9 font-mono text-12 text-fg tabular-nums">{threshold.toFixed(2)}</output>
      </label>
      <dl className="flex items-center gap-6">
        <Fact label={t('accuracy')} value={num_answered > 0 ? share(report.accuracy, 2) : '–'} />
        <Fact label={t('coverage')} value={share(report.coverage, 1)} />
        <Fact label="F1" value={share(report.macro_f1, 2)} title={t('macroF1')} />
      </dl>
      <div className="flex items-center gap-1.5">
        <Show tone="text-ok" isShown={isAlone(shown, 'right')} onPress={() => onShow({ outcome: 'right' })}>
          {t('outcome.right')} <b>{count(num_right)}</b>
        </Show>
        <Show
          tone="text-failed"
          isShown={isAlone(shown, 'wrong')}
          onPress={() => onShow({ outcome: 'wrong' })}
        >
          {t('outcome.wrong')} <b>{count(num_answered - num_right)}</b>
        </Show>
        <Show
          tone="text-fg-2"
          isShown={isAlone(shown, 'unanswered')}
          onPress={() => onShow({ outcome: 'unanswered' })}
        >
          {t('outcome.unanswered')} <b>{count(num_samples - num_answered)}</b>
        </Show>
      </div>
    </section>
  );
}

/** Follows the finger at once and the address once it rests, so that figures are asked for that are looked at. */
function useThreshold(): [number, (value: number) => void] {
  const [query, setQuery] = useQueryState();
  const asked = thresholdOf(query);
  const [value, setValue] = useState(asked);
  useEffect(() => setValue(asked), [asked]);
  useEffect(() => {
    if (value === asked) return undefined;
    const timer = setTimeout(() => setQuery({ t: value === 0 ? undefined : value.toFixed(2) }), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [value, asked, setQuery]);
  return [value, setValue];
}

function Fact({ label, value, title }: { label: string; value: string; title?: string }) {
  return (
    <div className="flex items-baseline gap-2" title={title}>
      <dt className="text-12 text-fg-3">{label}</dt>
      <dd className="text-16 font-semibold tabular-nums">{value}</dd>
    </div>
  );
}

/** Whether these samples are all that came out so. */
function isAlone(shown: Filter | null, outcome: Outcome): boolean {
  return shown?.outcome === outcome && shown.label === undefined && shown.predicted === undefined;
}

interface ShowProps {
  tone: string;
  isShown: boolean;
  onPress: () => void;
  children: React.ReactNode;
}

function Show({ tone, isShown, onPress, children }: ShowProps) {
  return (
    <button
      type="button"
      aria-pressed={isShown}
      onClick={onPress}
      className={`h-7 rounded-md border px-2.5 text-12 tabular-nums hover:bg-sunken ${tone} ${isShown ? 'border-accent' : 'border-line'}`}
    >
      {children}
    </button>
  );
}
