import { useQueries, useQuery } from '@tanstack/react-query';
import { ChartLine } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLiveQueries } from '@/api/live';
import { useFormat } from '@/i18n/format';
import { EmptyState } from '@/ui/EmptyState';
import { ErrorState } from '@/ui/ErrorState';
import { MetricName } from '@/ui/MetricName';
import { useMetricWords } from '@/ui/metricWords';
import { Panel } from '@/ui/Panel';
import { SegmentedControl, Toggle } from '@/ui/SegmentedControl';
import { SkeletonRows } from '@/ui/Skeleton';
import { Chart, useSeriesColour } from '@/viz/Chart';
import { metricsQuery, seriesQuery } from '../api';
import { type Chart as ChartSpec, chartsOf, type MetricBrief, SMOOTHING } from '../metrics';

interface MetricsViewProps {
  project: string;
  taskId: number;
  attempt: number | undefined;
  isGoing: boolean;
}

/** What a task measured: numbers as numbers, curves as charts. */
export function MetricsView({ project, taskId, attempt, isGoing }: MetricsViewProps) {
  const { t } = useTranslation('runs');
  const { metric } = useFormat();
  const metrics = useQuery(metricsQuery(project, taskId, attempt));
  const [smoothing, setSmoothing] = useState('none');
  const [isLog, setLog] = useState(false);
  useLiveQueries([`task:${taskId}`], () => [['metrics', project, taskId]], {
    always: [['metrics', project, taskId]],
    isEnabled: isGoing,
  });
  if (metrics.isLoadingError)
    return <ErrorState error={metrics.error} onRetry={() => void metrics.refetch()} />;
  if (!metrics.data) return <SkeletonRows className="p-6" />;
  const { charts, numbers } = chartsOf(metrics.data.metrics);
  if (metrics.data.metrics.length === 0) {
    return (
      <EmptyState icon={ChartLine} title={isGoing ? t('metrics.nothingYet') : t('metrics.nothing')}>
        {metrics.data.missing.length > 0 && t('metrics.missing', { names: metrics.data.missing.join(', ') })}
      </EmptyState>
    );
  }
  return (
    <div className="space-y-4 px-6 py-4">
      {numbers.length > 0 && (
        <dl className="flex flex-wrap gap-x-8 gap-y-3">
          {numbers.map(({ name, last }) => (
            <div key={name}>
              <dt className="text-12 text-fg-3">
                <MetricName name={name} />
              </dt>
              <dd className="text-16 font-semibold tabular-nums">{metric(last)}</dd>
            </div>
          ))}
        </dl>
      )}
      {charts.length > 0 && (
        <div className="flex items-center gap-3">
          <SegmentedControl
            label={t('metrics.smoothing')}
            value={smoothing}
            onChange={setSmoothing}
            items={Object.keys(SMOOTHING).map((id) => ({ id, label: t(`metrics.smooth.${id}`) }))}
          />
          <Toggle isSelected={isLog} onChange={setLog}>
            {t('metrics.log')}
          </Toggle>
          <span className="text-12 text-fg-3">{t('metrics.hint')}</span>
        </div>
      )}
      <div className="grid grid-cols-[repeat(auto-fill,minmax(400px,1fr))] gap-4">
        {charts.map((chart) => (
          <MetricChart
            key={chart.title}
            project={project}
            taskId={taskId}
            attempt={attempt}
            chart={chart}
            briefs={metrics.data.metrics}
            smoothing={SMOOTHING[smoothing] ?? 0}
            isLog={isLog}
          />
        ))}
      </div>
      {metrics.data.problems.length > 0 && (
        <section>
          <h3 className="text-12 font-semibold text-warning">{t('metrics.problems')}</h3>
          <ul translate="no" className="mt-1 font-mono text-12 text-fg-2">
            {metrics.data.problems.map((problem) => (
              <li key={problem}>{problem}</li>
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}

interface MetricChartProps {
  project: string;
  taskId: number;
  attempt: number | undefined;
  chart: ChartSpec;
  briefs: MetricBrief[];
  smoothing: number;
  isLog: boolean;
}

function MetricChart({ project, taskId, attempt, chart, briefs, smoothing, isLog }: MetricChartProps) {
  const { metric } = useFormat();
  const words = useMetricWords();
  const colour = useSeriesColour();
  const [range, setRange] = useState<[number, number] | null>(null);
  const { series, error } = useQueries({
    queries: chart.names.map((name) => seriesQuery(project, taskId, name, attempt, range)),
    combine: (results) => ({
      series: results.map(({ data }) => ({ steps: data?.steps ?? [], values: data?.values ?? [] })),
      error: results.find((result) => result.error)?.error,
    }),
  });
  return (
    <Panel
      title={<MetricName name={chart.title} />}
      aside={chart.names.map((name, index) => (
        <span key={name} className="flex items-center gap-1.5">
          <span aria-hidden className="h-0.5 w-3 rounded-full" style={{ backgroundColor: colour(index) }} />
          <MetricName name={name} />
          <span className="font-medium text-fg tabular-nums">
            {metric(briefs.find((brief) => brief.name === name)?.last ?? Number.NaN)}
          </span>
        </span>
      ))}
    >
      {error ? (
        <ErrorState error={error} isInline />
      ) : (
        <Chart
          label={chart.names.map(words).join(', ')}
          names={chart.names.map(words)}
          series={series}
          smoothing={smoothing}
          isLog={isLog}
          onZoom={setRange}
        />
      )}
    </Panel>
  );
}
