import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { cx } from '@/ui/cx';
import type { DetectedObject, DetectedSample } from './api';
import { outcomeWord } from './model';
import { OutcomeMark } from './OutcomeMark';
import { countsOf } from './outcomes';

interface DetectedObjectsProps {
  sample: DetectedSample;
  /** The one that the picture shows alone. */
  pointed: DetectedObject | null;
  onPoint: (object: DetectedObject | null) => void;
}

/** What is in a picture and what was found in it, line by line; a line shows its boxes alone. */
export function DetectedObjects({ sample, pointed, onPoint }: DetectedObjectsProps) {
  const { t } = useTranslation('evaluation');
  const { count: number } = useFormat();
  const total = countsOf(sample).reduce((sum, { count }) => sum + count, 0);
  return (
    <>
      <ul className="flex flex-wrap gap-x-4 gap-y-1 text-12">
        {countsOf(sample).map(({ outcome, count }) => (
          <li key={outcome} className="flex items-center gap-1.5">
            <OutcomeMark outcome={outcome} />
            {t(`outcome.${outcomeWord(outcome, true)}`)}{' '}
            <b className="font-semibold tabular-nums">{number(count)}</b>
          </li>
        ))}
      </ul>
      {sample.objects.length === 0 && <p className="text-12 text-fg-3">{t('objects.none')}</p>}
      <ul className="mt-2 max-h-64 overflow-y-auto" aria-label={t('objects.title')}>
        {sample.objects.map((one, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the list comes whole and is never put in another order
          <li key={index}>
            <ObjectLine object={one} isPointed={one === pointed} onPoint={onPoint} />
          </li>
        ))}
      </ul>
      {sample.objects.length < total && (
        <p className="mt-1 text-12 text-fg-3">{t('objects.first', { count: sample.objects.length })}</p>
      )}
    </>
  );
}

interface ObjectLineProps {
  object: DetectedObject;
  isPointed: boolean;
  onPoint: (object: DetectedObject | null) => void;
}

function ObjectLine({ object, isPointed, onPoint }: ObjectLineProps) {
  const { t } = useTranslation('evaluation');
  const { outcome, label, predicted, score, overlap, is_counted } = object;
  const name = outcome === 'wrong' ? `${predicted} ≠ ${label}` : (predicted ?? label);
  return (
    <button
      type="button"
      aria-pressed={isPointed}
      onClick={() => onPoint(isPointed ? null : object)}
      title={t(`objects.${outcome}`, { label, predicted })}
      className={cx(
        'grid w-full grid-cols-[18px_1fr_64px_40px] items-center gap-2 rounded-sm px-1 py-1 text-left text-12 hover:bg-sunken',
        isPointed && 'bg-sunken outline-1 outline-accent',
      )}
    >
      <OutcomeMark outcome={outcome} />
      <span className={cx('truncate', is_counted ? 'text-fg' : 'text-fg-2')}>{name}</span>
      <span className="text-right text-fg-3 tabular-nums">
        {overlap === null ? '' : `IoU ${overlap.toFixed(2)}`}
      </span>
      <span className="text-right tabular-nums">{score === null ? '' : score.toFixed(2)}</span>
    </button>
  );
}
