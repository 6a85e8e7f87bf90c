import { useQueries } from '@tanstack/react-query';
import { ErrorState } from '@/ui/ErrorState';
import { MetricName } from '@/ui/MetricName';
import { useMetricWords } from '@/ui/metricWords';
import { Panel } from '@/ui/Panel';
import { Chart } from '@/viz/Chart';
import { seriesQuery } from '../api';
import type { MetricRow } from './model';
import type { Compared } from './useCompared';

interface CompareChartProps {
  project: string;
  runs: Compared[];
  row: MetricRow;
  hidden: number[];
  smoothing: number;
  isLog: boolean;
  range: [number, number] | null;
  onZoom: (range: [number, number] | null) => void;
}

/** One metric of all runs that are not hidden. A run keeps its colour, whichever others are shown. */
export function CompareChart(props: CompareChartProps) {
  const { project, runs, row, hidden, smoothing, isLog, range, onZoom } = props;
  const curves = runs.flatMap(({ run, sources }, index) => {
    const source = sources[row.task];
    const isShown = row.values[index] !== null && source !== undefined && !hidden.includes(run.id);
    return isShown ? [{ name: `#${run.id}`, colour: index, source }] : [];
  });
  const words = useMetricWords();
  const { series, error } = useQueries({
    queries: curves.map(({ source }) => seriesQuery(project, source, row.name, undefined, range)),
    combine: (results) => ({
      series: results.map(({ data }) => ({ steps: data?.steps ?? [], values: data?.values ?? [] })),
      error: results.find((result) => result.error)?.error,
    }),
  });
  if (curves.length === 0) return null;
  return (
    <Panel
      title={
        <>
          <span translate="no">{row.task}</span> · <MetricName name={row.name} />
        </>
      }
    >
      {error ? (
        <ErrorState error={error} isInline />
      ) : (
        <Chart
          label={`“${row.task}” ${words(row.name)}: ${curves.map(({ name }) => name).join(', ')}`}
          names={curves.map(({ name }) => name)}
          colours={curves.map(({ colour }) => colour)}
          series={series}
          smoothing={smoothing}
          isLog={isLog}
          onZoom={onZoom}
        />
      )}
    </Panel>
  );
}
