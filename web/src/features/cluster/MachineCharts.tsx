import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { ErrorState } from '@/ui/ErrorState';
import { SegmentedControl } from '@/ui/SegmentedControl';
import { Skeleton } from '@/ui/Skeleton';
import { Chart, useSeriesColour } from '@/viz/Chart';
import { machineMetricsQuery, RANGES } from './api';
import { type Curve, curvesOf } from './curves';

const HEIGHT = 120;

/** What a machine and its devices measured, over the time that one chooses. */
export function MachineCharts({ name }: { name: string }) {
  const { t } = useTranslation('cluster');
  const { bytes, share } = useFormat();
  const [range, setRange] = useState('10m');
  const metrics = useQuery(machineMetricsQuery(name, RANGES[range] as number));
  const curves = useMemo(() => metrics.data && curvesOf(metrics.data), [metrics.data]);
  return (
    <div className="space-y-4">
      <div className="flex items-center justify-between">
        <h3 className="text-12 font-semibold text-fg-2">{t('charts.title')}</h3>
        <SegmentedControl
          label={t('charts.range')}
          value={range}
          onChange={setRange}
          items={Object.keys(RANGES).map((id) => ({ id, label: t(`charts.${id}`) }))}
        />
      </div>
      {metrics.isError && (
        <ErrorState error={metrics.error} isInline onRetry={() => void metrics.refetch()} />
      )}
      {metrics.isPending && <Skeleton className="h-32" />}
      {curves && (
        <>
          <Curves title={t('charts.busy')} curves={curves.busy} format={(value) => share(value, 0)} top={1} />
          <Curves
            title={t('charts.memory')}
            curves={curves.memory}
            format={(value) => bytes(value * 1024 ** 2)}
            top={0}
          />
          <Curves
            title={t('charts.temperature')}
            curves={curves.temperature}
            format={(value) => `${Math.round(value)} °C`}
            top={60}
          />
        </>
      )}
    </div>
  );
}

interface CurvesProps {
  title: string;
  curves: Curve[];
  format: (value: number) => string;
  top: number;
}

function Curves({ title, curves, format, top }: CurvesProps) {
  const { t } = useTranslation('cluster');
  const colour = useSeriesColour();
  const nameOf = (name: string) => t(`charts.own.${name}`, name);
  const series = useMemo(() => curves.map((curve) => curve.series), [curves]);
  return (
    <figure>
      <figcaption className="mb-1 flex flex-wrap items-baseline gap-x-3 text-12">
        <span className="font-medium">{title}</span>
        {curves.map(({ name, last }, index) => (
          <span key={name} className="flex items-center gap-1.5 text-11 text-fg-2 tabular-nums">
            <span aria-hidden className="size-2 rounded-full" style={{ backgroundColor: colour(index) }} />
            {nameOf(name)} {format(last)}
          </span>
        ))}
      </figcaption>
      {curves.length === 0 ? (
        <p className="text-12 text-fg-3">{t('charts.nothing')}</p>
      ) : (
        <Chart
          label={t('charts.label', {
            title,
            values: curves.map(({ name, last }) => `${nameOf(name)} ${format(last)}`).join(', '),
          })}
          names={curves.map(({ name }) => name)}
          series={series}
          smoothing={0}
          isLog={false}
          isTime
          top={top}
          height={HEIGHT}
          format={format}
        />
      )}
    </figure>
  );
}
