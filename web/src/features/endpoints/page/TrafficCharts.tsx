import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { ErrorState } from '@/ui/ErrorState';
import { Panel } from '@/ui/Panel';
import { useQueryState } from '@/ui/routing';
import { SegmentedControl } from '@/ui/SegmentedControl';
import { Skeleton } from '@/ui/Skeleton';
import { Chart, useSeriesColour } from '@/viz/Chart';
import type { Series } from '@/viz/series';
import { RANGES, trafficQuery } from '../api';
import { trafficCurves } from '../model';

const HEIGHT = 120;

/** Requests, latencies and errors over the time that one chooses; pointing at one chart points at all. */
export function TrafficCharts({ project, name }: { project: string; name: string }) {
  const { t } = useTranslation('endpoints');
  const { metric, share } = useFormat();
  const [query, setQuery] = useQueryState();
  const range = query.range && query.range in RANGES ? query.range : '1h';
  const traffic = useQuery(trafficQuery(project, name, RANGES[range] as number));
  const curves = useMemo(() => traffic.data && trafficCurves(traffic.data), [traffic.data]);
  const ms = (value: number) => `${metric(value)} ms`;
  return (
    <Panel
      title={t('traffic.title')}
      aside={
        <SegmentedControl
          label={t('traffic.range')}
          value={range}
          onChange={(id) => setQuery({ range: id === '1h' ? undefined : id })}
          items={Object.keys(RANGES).map((id) => ({ id, label: t(`traffic.${id}`) }))}
        />
      }
    >
      {traffic.isError && (
        <ErrorState error={traffic.error} isInline onRetry={() => void traffic.refetch()} />
      )}
      {traffic.isPending && <Skeleton className="m-4 h-40" />}
      {curves?.isQuiet && <p className="p-4 text-13 text-fg-3">{t('traffic.nothing')}</p>}
      {curves && !curves.isQuiet && (
        <div className="grid grid-cols-2 gap-x-6 gap-y-4 p-4">
          <Curves
            title={t('traffic.rate')}
            names={[t('traffic.rateUnit')]}
            series={curves.rate}
            format={(value) => `${metric(value)} /s`}
          />
          <Curves
            title={t('traffic.errors')}
            names={[t('traffic.errorShare')]}
            series={curves.errors}
            format={(value) => share(value, value > 0 && value < 0.01 ? 2 : 0)}
            colours={[2]}
            top={0.1}
          />
          <div className="col-span-2">
            <Curves
              title={t('traffic.latency')}
              names={['p50', 'p95', 'p99']}
              series={curves.latency}
              format={ms}
            />
          </div>
        </div>
      )}
    </Panel>
  );
}

interface CurvesProps {
  title: string;
  names: string[];
  series: Series[];
  format: (value: number) => string;
  colours?: number[];
  top?: number;
}

function Curves({ title, names, series, format, colours, top = 0 }: CurvesProps) {
  const { t } = useTranslation('endpoints');
  const colour = useSeriesColour();
  const last = names.map((_, index) => {
    const value = series[index]?.values.findLast(Number.isFinite);
    return value === undefined ? '–' : format(value);
  });
  return (
    <figure className="min-w-0">
      <figcaption className="mb-1 flex flex-wrap items-baseline gap-x-3 text-12">
        <span className="font-medium">{title}</span>
        {names.map((name, index) => (
          <span key={name} className="flex items-center gap-1.5 text-11 text-fg-2 tabular-nums">
            <span
              aria-hidden
              className="size-2 rounded-full"
              style={{ backgroundColor: colour(colours?.[index] ?? index) }}
            />
            {names.length > 1 && name} {last[index]}
          </span>
        ))}
      </figcaption>
      <Chart
        label={t('traffic.label', {
          title,
          values: names.map((name, index) => `${name} ${last[index]}`).join(', '),
        })}
        names={names}
        colours={colours}
        series={series}
        smoothing={0}
        isLog={false}
        isTime
        top={top}
        height={HEIGHT}
        format={format}
      />
    </figure>
  );
}
