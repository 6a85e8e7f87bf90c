import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { ErrorState } from '@/ui/ErrorState';
import { Panel } from '@/ui/Panel';
import { useQueryState } from '@/ui/routing';
import { ComboBox } from '@/ui/Select';
import { Skeleton } from '@/ui/Skeleton';
import { type Curve, curveQuery, type Report } from './api';
import { CurvePlot } from './CurvePlot';
import { f1Of, pointAt, thresholdOf } from './model';

const ALL = '\u0000all';

/** Precision over recall and recall over false alarms, for all answers or one class; a click sets the threshold. */
export function Curves({ project, report }: { project: string; report: Report }) {
  const { t } = useTranslation('evaluation');
  const [query, setQuery] = useQueryState();
  const curve = useQuery(curveQuery(project, report.task_id, query.class));
  return (
    <Panel
      title={t('curves.title')}
      aside={
        <ComboBox
          label={t('curves.of')}
          isLabelHidden
          className="w-48"
          value={query.class ?? ALL}
          onChange={(id) => setQuery({ class: id === ALL ? undefined : id })}
          options={[
            { id: ALL, label: t('curves.all') },
            ...report.classes.map(({ name }) => ({ id: name, label: name })),
          ]}
        />
      }
    >
      {curve.isError ? (
        <ErrorState isInline error={curve.error} onRetry={() => void curve.refetch()} />
      ) : curve.data ? (
        <Plots
          curve={curve.data}
          detection={report.detection}
          threshold={thresholdOf(query) ?? report.threshold}
          onPick={(t) => setQuery({ t })}
        />
      ) : (
        <Skeleton className="m-4 h-64" />
      )}
    </Panel>
  );
}

interface PlotsProps {
  curve: Curve;
  detection: Report['detection'];
  threshold: number;
  onPick: (threshold: string) => void;
}

function Plots({ curve, detection, threshold, onPick }: PlotsProps) {
  const { t } = useTranslation('evaluation');
  const { share } = useFormat();
  const at = pointAt(curve, threshold);
  const pick = (index: number) => {
    const value = curve.thresholds[index] as number;
    onPick((Math.floor(Math.max(0, value) * 100) / 100).toFixed(2));
  };
  const describe = (index: number) =>
    t(detection ? 'curves.pointOfObjects' : 'curves.point', {
      threshold: (curve.thresholds[index] as number).toFixed(3),
      precision: share(curve.precision[index] as number),
      recall: share(curve.recall[index] as number),
      alarms: share(curve.false_positive_rate[index] ?? 0),
      f1: share(f1[index] as number),
    });
  const f1 = f1Of(curve);
  const areaName = detection
    ? `${curve.class_name === null ? 'mAP' : 'AP'}${Math.round(100 * detection.iou_threshold)}`
    : 'AP';
  const meaning = detection
    ? 'curves.objectsMean'
    : curve.class_name === null
      ? 'curves.allMeans'
      : 'curves.oneMeans';
  const area = (value: number | null) => (value === null ? '–' : value.toFixed(4));
  return (
    <div className="p-4">
      <div className="grid grid-cols-2 gap-4">
        <CurvePlot
          title={t('curves.precisionRecall')}
          note={`${areaName} ${area(curve.average_precision)}`}
          xTitle={t('recall')}
          yTitle={t('precision')}
          x={curve.recall}
          y={curve.precision}
          at={at}
          describe={describe}
          onPick={pick}
        />
        {detection ? (
          <CurvePlot
            title={t('curves.f1')}
            note={f1.length > 0 ? t('curves.highest', { value: share(Math.max(...f1)) }) : '–'}
            xTitle={t('threshold')}
            yTitle="F1"
            x={curve.thresholds}
            y={f1}
            at={at}
            describe={describe}
            onPick={pick}
          />
        ) : (
          <CurvePlot
            title={t('curves.roc')}
            note={`AUC ${area(curve.roc_auc)}`}
            xTitle={t('falseAlarms')}
            yTitle={t('recall')}
            x={curve.false_positive_rate}
            y={curve.recall}
            at={at}
            hasDiagonal
            describe={describe}
            onPick={pick}
          />
        )}
      </div>
      <p className="mt-2 min-h-[2lh] text-12 text-fg-2">
        {at === null ? t('curves.nothing') : describe(at)} <span className="text-fg-3">{t(meaning)}</span>
      </p>
    </div>
  );
}
