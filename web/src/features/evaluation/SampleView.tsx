import { ChevronLeft, ChevronRight } from 'lucide-react';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { IconButton } from '@/ui/IconButton';
import { AppLink, projectPath } from '@/ui/routing';
import { Thumb } from '@/ui/Thumb';
import { type DetectedObject, type EvaluatedSample, evaluatedImageUrl, type Report } from './api';
import { BestAnswers } from './BestAnswers';
import { DetectedObjects } from './DetectedObjects';
import { OutcomePicture } from './OutcomePicture';
import { outcomeBoxes } from './outcomes';

interface SampleViewProps {
  project: string;
  report: Report;
  sample: EvaluatedSample;
  onPrevious?: () => void;
  onNext?: () => void;
}

/** One sample: what it is, what the model took it for or found in it, and how sure it was. */
export function SampleView({ project, report, sample, onPrevious, onNext }: SampleViewProps) {
  const { t } = useTranslation('evaluation');
  const [chosen, setChosen] = useState<DetectedObject | null>(null);
  const { artifact, name, version } = report.dataset;
  const { detection } = sample;
  // Another figure or threshold brings other objects.
  const pointed = chosen !== null && detection?.objects.includes(chosen) ? chosen : null;
  const boxes = useMemo(
    () =>
      pointed === null ? outcomeBoxes(detection?.objects ?? []) : outcomeBoxes([pointed], { isWhole: true }),
    [detection, pointed],
  );
  return (
    <section aria-label={t('samples.row', { row: sample.row })} className="border-b border-line p-4">
      {artifact !== null &&
        (detection ? (
          <OutcomePicture
            src={evaluatedImageUrl(project, artifact, sample.row, 400)}
            boxes={boxes}
            size={detection}
            isWhole
            className="h-64 w-full rounded-sm"
          />
        ) : (
          <Thumb
            src={evaluatedImageUrl(project, artifact, sample.row, 400)}
            isPixelated
            isWhole
            className="h-64 w-full rounded-sm"
          />
        ))}
      <div className="mt-3 flex items-center gap-1">
        <p className="min-w-0 flex-1 truncate text-13">
          {sample.label !== null && (
            <>
              <span className="text-fg-3">{t('label')}</span>{' '}
              <b className="mr-3 font-semibold">{sample.label}</b>
            </>
          )}
          <span className="font-mono text-11 text-fg-3">#{sample.row}</span>
        </p>
        <IconButton
          size="small"
          icon={ChevronLeft}
          label={t('samples.previous')}
          keys="k"
          isDisabled={!onPrevious}
          onPress={onPrevious}
        />
        <IconButton
          size="small"
          icon={ChevronRight}
          label={t('samples.next')}
          keys="j"
          isDisabled={!onNext}
          onPress={onNext}
        />
      </div>
      {detection ? (
        <DetectedObjects sample={detection} pointed={pointed} onPoint={setChosen} />
      ) : (
        <BestAnswers sample={sample} />
      )}
      {name !== null && (
        <p className="mt-3 text-12">
          <AppLink
            href={`${projectPath(project, 'datasets', name)}?v=${version}&sample=${sample.row}`}
            className="text-accent hover:underline"
          >
            {t('samples.openInDataset', { name: `${name}@${version}` })}
          </AppLink>
        </p>
      )}
    </section>
  );
}
