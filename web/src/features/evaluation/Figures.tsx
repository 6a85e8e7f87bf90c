import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { useQueryState } from '@/ui/routing';
import type { Report } from './api';
import { type Filter, isSameFilter, type Outcome, outcomeWord, thresholdOf, usualThreshold } from './model';

interface FiguresProps {
  report: Report;
  /** The samples in sight. */
  shown: Filter | null;
  onShow: (filter: Partial<Filter>) => void;
}

const SETTLE_MS = 60;

/** The threshold, and what comes of it: how much is answered or found, and how much of that is right. */
export function Figures({ report, shown, onShow }: FiguresProps) {
  const { t } = useTranslation('evaluation');
  const { share } = useFormat();
  const { detection, num_samples, num_answered, num_right, metrics } = report;
  const area = (value: number | undefined) => (value === undefined ? '–' : share(value, 1));
  return (
    <section
      aria-label={t('figures')}
      className="flex shrink-0 flex-wrap items-center gap-x-8 gap-y-2 border-b border-line bg-surface px-6 py-2.5"
    >
      <Threshold report={report} />
      <dl className="flex flex-wrap items-center gap-x-6 gap-y-1">
        {detection ? (
          <>
            <Fact
              label="mAP"
              value={area(metrics.map)}
              title={t('mapMeans')}
              onPress={() => onShow({ outcome: 'error' })}
            />
            <Fact
              label="mAP50"
              value={area(metrics.map50)}
              title={t('map50Means')}
              onPress={() => onShow({ outcome: 'error' })}
            />
            <Fact
              label={t('precision')}
              value={detection.num_answers > 0 ? share(detection.precision, 1) : '–'}
              title={t('precisionOpens')}
              onPress={() => onShow({ outcome: 'false_alarm' })}
            />
            <Fact
              label={t('recall')}
              value={detection.num_objects > 0 ? share(detection.recall, 1) : '–'}
              title={t('recallOpens')}
              onPress={() => onShow({ outcome: 'missed' })}
            />
            <Fact
              label="F1"
              value={share(detection.f1, 1)}
              title={t('f1Opens')}
              onPress={() => onShow({ outcome: 'error' })}
            />
          </>
        ) : (
          <>
            <Fact
              label={t('accuracy')}
              value={num_answered > 0 ? share(report.accuracy, 2) : '–'}
              title={t('accuracyOpens')}
              onPress={() => onShow({ outcome: 'wrong' })}
            />
            <Fact
              label={t('coverage')}
              value={share(report.coverage, 1)}
              title={t('coverageOpens')}
              onPress={() => onShow({ outcome: 'unanswered' })}
            />
            <Fact
              label="F1"
              value={share(report.macro_f1, 2)}
              title={t('macroF1')}
              onPress={() => onShow({ outcome: 'wrong' })}
            />
          </>
        )}
      </dl>
      <div className="flex flex-wrap items-center gap-1.5">
        <Show tone="text-ok" outcome="right" count={num_right} shown={shown} onShow={onShow} />
        {detection ? (
          <>
            <Show
              tone="text-warning"
              outcome="wrong"
              isDetection
              count={detection.num_wrong}
              shown={shown}
              onShow={onShow}
            />
            <Show
              tone="text-fg-2"
              outcome="missed"
              count={detection.num_missed}
              shown={shown}
              onShow={onShow}
            />
            <Show
              tone="text-failed"
              outcome="false_alarm"
              count={detection.num_false_alarms}
              shown={shown}
              onShow={onShow}
            />
          </>
        ) : (
          <>
            <Show
              tone="text-failed"
              outcome="wrong"
              count={num_answered - num_right}
              shown={shown}
              onShow={onShow}
            />
            <Show
              tone="text-fg-2"
              outcome="unanswered"
              count={num_samples - num_answered}
              shown={shown}
              onShow={onShow}
            />
          </>
        )}
      </div>
    </section>
  );
}

/** Sets what scores must reach; for detections also back to where F1 is highest. */
function Threshold({ report }: { report: Report }) {
  const { t } = useTranslation('evaluation');
  const [threshold, setThreshold] = useThreshold(report);
  const best = report.detection?.best_threshold;
  return (
    <div className="flex items-center gap-3">
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
      {best !== undefined && (
        <button
          type="button"
          disabled={threshold === best}
          onClick={() => setThreshold(best)}
          title={t('bestThreshold')}
          className="text-12 text-accent enabled:hover:underline disabled:text-fg-3"
        >
          {t('best', { threshold: best.toFixed(2) })}
        </button>
      )}
    </div>
  );
}

/** Follows the finger at once and the address once it rests, so that figures are asked for that are looked at. */
function useThreshold(report: Report): [number, (value: number) => void] {
  const [query, setQuery] = useQueryState();
  const usual = usualThreshold(report);
  const asked = thresholdOf(query) ?? usual;
  const [value, setValue] = useState(asked);
  useEffect(() => setValue(asked), [asked]);
  useEffect(() => {
    if (value === asked) return undefined;
    const timer = setTimeout(
      () => setQuery({ t: value === usual ? undefined : value.toFixed(2) }),
      SETTLE_MS,
    );
    return () => clearTimeout(timer);
  }, [value, asked, usual, setQuery]);
  return [value, setValue];
}

interface FactProps {
  label: string;
  value: string;
  title?: string;
  onPress?: () => void;
}

function Fact({ label, value, title, onPress }: FactProps) {
  const text = 'text-16 font-semibold tabular-nums';
  return (
    <div className="flex items-baseline gap-2" title={title}>
      <dt className="text-12 text-fg-3">{label}</dt>
      <dd className={text}>
        {onPress === undefined ? (
          value
        ) : (
          <button type="button" onClick={onPress} className={`${text} hover:text-accent hover:underline`}>
            {value}
          </button>
        )}
      </dd>
    </div>
  );
}

interface ShowProps {
  tone: string;
  outcome: Outcome;
  isDetection?: boolean;
  count: number;
  shown: Filter | null;
  onShow: (filter: Partial<Filter>) => void;
}

/** How many came out so; opens them. */
function Show({ tone, outcome, isDetection = false, count, shown, onShow }: ShowProps) {
  const { t } = useTranslation('evaluation');
  const { count: number } = useFormat();
  const isShown = isSameFilter({ outcome }, shown);
  return (
    <button
      type="button"
      aria-pressed={isShown}
      onClick={() => onShow({ outcome })}
      className={`h-7 rounded-md border px-2.5 text-12 tabular-nums hover:bg-sunken ${tone} ${isShown ? 'border-accent' : 'border-line'}`}
    >
      {t(`outcome.${outcomeWord(outcome, isDetection)}`)} <b>{number(count)}</b>
    </button>
  );
}
