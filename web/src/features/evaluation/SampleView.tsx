import { ChevronLeft, ChevronRight } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { IconButton } from '@/ui/IconButton';
import { AppLink, projectPath } from '@/ui/routing';
import { Thumb } from '@/ui/Thumb';
import { type EvaluatedSample, evaluatedImageUrl, type Report } from './api';

interface SampleViewProps {
  project: string;
  report: Report;
  sample: EvaluatedSample;
  onPrevious?: () => void;
  onNext?: () => void;
}

/** One sample: what it is, what the model took it for, and how sure it was. */
export function SampleView({ project, report, sample, onPrevious, onNext }: SampleViewProps) {
  const { t } = useTranslation('evaluation');
  const { share } = useFormat();
  const { artifact, name, version } = report.dataset;
  return (
    <section aria-label={t('samples.row', { row: sample.row })} className="border-b border-line p-4">
      {artifact !== null && (
        <Thumb
          src={evaluatedImageUrl(project, artifact, sample.row, 400)}
          isPixelated
          isWhole
          className="h-64 w-full rounded-sm"
        />
      )}
      <div className="mt-3 flex items-center gap-1">
        <p className="min-w-0 flex-1 truncate text-13">
          <span className="text-fg-3">{t('label')}</span> <b className="font-semibold">{sample.label}</b>
          <span className="ml-3 font-mono text-11 text-fg-3">#{sample.row}</span>
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
      <ul className="mt-1 space-y-1.5">
        {sample.best.map(({ class_id, label, score }) => (
          <li key={class_id} className="grid grid-cols-[112px_1fr_52px] items-center gap-2 text-12">
            <span
              className={`truncate ${label === sample.label ? 'font-semibold text-ok' : ''}`}
              title={label}
            >
              {label}
            </span>
            <span aria-hidden className="h-1.5 rounded-full bg-sunken">
              <span
                className={`block h-full rounded-full ${label === sample.label ? 'bg-ok' : 'bg-fg-3'}`}
                style={{ width: `${Math.min(1, Math.max(0, score)) * 100}%` }}
              />
            </span>
            <span className="text-right tabular-nums">{share(score)}</span>
          </li>
        ))}
      </ul>
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
