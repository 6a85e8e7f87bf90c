import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { cx } from '@/ui/cx';
import { Thumb } from '@/ui/Thumb';
import { type DetectedSample, type EvaluatedSample, evaluatedImageUrl, type Report } from './api';
import { outcomeWord } from './model';
import { OutcomePicture } from './OutcomePicture';
import { countedObjects, countsOf, OUTCOME_COLOURS, outcomeBoxes } from './outcomes';

interface SampleTileProps {
  project: string;
  report: Report;
  sample: EvaluatedSample;
  isChosen: boolean;
  onPress: () => void;
}

/** A sample in the grid, with what the figure counts of it. */
export function SampleTile({ project, report, sample, isChosen, onPress }: SampleTileProps) {
  const { t } = useTranslation('evaluation');
  const { row, label, predicted, detection } = sample;
  const artifact = report.dataset.artifact;
  const counts = detection
    ? countsOf(detection).map(
        ({ outcome, count }) => `${t(`outcome.${outcomeWord(outcome, true)}`)} ${count}`,
      )
    : [];
  const name = detection
    ? `${t('samples.row', { row })}: ${counts.join(', ')}`
    : t('samples.tile', { row, label, predicted: predicted ?? t('noAnswer') });
  return (
    <button
      type="button"
      aria-pressed={isChosen}
      aria-label={name}
      onClick={onPress}
      className={cx(
        'relative block aspect-square w-full overflow-hidden rounded-sm bg-[#000000]',
        isChosen && 'outline-2 outline-offset-1 outline-accent',
      )}
    >
      {artifact === null ? (
        <span className="grid size-full place-items-center font-mono text-12 text-[#e8ebf0]">{row}</span>
      ) : detection ? (
        <Detected src={evaluatedImageUrl(project, artifact, row, 160)} sample={detection} />
      ) : (
        <Thumb src={evaluatedImageUrl(project, artifact, row, 160)} className="size-full" />
      )}
      <span className="absolute bottom-1 left-1 max-w-[calc(100%-8px)] truncate rounded-[2px] bg-[#10131a] px-1 text-left text-[10.5px] leading-[15px] font-semibold">
        {detection ? <Counts sample={detection} /> : <Answer sample={sample} />}
      </span>
    </button>
  );
}

function Detected({ src, sample }: { src: string; sample: DetectedSample }) {
  const boxes = useMemo(() => outcomeBoxes(countedObjects(sample.objects)), [sample]);
  return <OutcomePicture src={src} boxes={boxes} size={sample} className="size-full" />;
}

const SIGNS = { right: '✓', wrong: '≠', missed: '–', false_alarm: '+', ignored: '' };

/** How often each outcome is in the picture. */
function Counts({ sample }: { sample: DetectedSample }) {
  return (
    <span className="flex gap-1.5 tabular-nums">
      {countsOf(sample).map(({ outcome, count }) => (
        <span key={outcome} style={{ color: OUTCOME_COLOURS[outcome] }}>
          {`${SIGNS[outcome]}${count}`}
        </span>
      ))}
    </span>
  );
}

function Answer({ sample: { label, predicted, score } }: { sample: EvaluatedSample }) {
  const isRight = predicted === label;
  return (
    <span className={predicted === null ? 'text-[#aab3c0]' : isRight ? 'text-[#8df0b0]' : 'text-[#ff9b9b]'}>
      {predicted === null ? '?' : isRight ? '✓' : '≠'} {predicted ?? label} {score?.toFixed(2)}
    </span>
  );
}
