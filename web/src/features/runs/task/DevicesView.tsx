import { useQuery } from '@tanstack/react-query';
import { Cpu } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { EmptyState } from '@/ui/EmptyState';
import { ErrorState } from '@/ui/ErrorState';
import { Panel } from '@/ui/Panel';
import { SkeletonRows } from '@/ui/Skeleton';
import { Chart } from '@/viz/Chart';
import { type Attempt, machineMetricsQuery } from '../api';
import { type DeviceChart, deviceCharts } from '../devices';

const EVERY_MS = 5000;
const UNITS: Record<DeviceChart['what'], string> = {
  cpu: '%',
  utilisation: '%',
  memory: 'GiB',
  temperature: '°C',
  power: 'W',
};

/** How busy the devices of an attempt were, and the machine it ran on. */
export function DevicesView({ attempt, isGoing }: { attempt: Attempt | undefined; isGoing: boolean }) {
  const { t } = useTranslation('runs');
  const began = attempt?.started_at ?? attempt?.created_at ?? '';
  const machine = attempt?.placement.machine ?? '';
  const metrics = useQuery({
    ...machineMetricsQuery(machine, began, attempt?.ended_at ?? null),
    enabled: machine !== '',
    refetchInterval: isGoing ? EVERY_MS : false,
  });
  if (!attempt || machine === '')
    return (
      <EmptyState icon={Cpu} title={t('devices.notStarted')}>
        {t('devices.notStartedWhy')}
      </EmptyState>
    );
  if (metrics.isError) return <ErrorState error={metrics.error} onRetry={() => void metrics.refetch()} />;
  if (!metrics.data) return <SkeletonRows className="p-6" />;
  const charts = deviceCharts(metrics.data, attempt);
  if (charts.length === 0)
    return (
      <EmptyState icon={Cpu} title={t('devices.nothing')}>
        {t('devices.nothingWhy')}
      </EmptyState>
    );
  return (
    <div className="space-y-4 px-6 py-4">
      <p className="text-12 text-fg-2">{t('devices.on', { machine })}</p>
      <div className="grid grid-cols-[repeat(auto-fill,minmax(400px,1fr))] gap-4">
        {charts.map((chart) => (
          <DevicePanel key={`${chart.of} ${chart.what}`} chart={chart} />
        ))}
      </div>
    </div>
  );
}

function DevicePanel({ chart: { of, what, series, last, most } }: { chart: DeviceChart }) {
  const { t } = useTranslation('runs');
  const { metric } = useFormat();
  const title = `${of ?? t('devices.machine')} · ${t(`devices.what.${what}`)}`;
  return (
    <Panel
      title={title}
      aside={
        <span className="tabular-nums">
          {t('devices.figures', { last: metric(last), most: metric(most), unit: UNITS[what] })}
        </span>
      }
    >
      <Chart
        label={title}
        names={[title]}
        series={[series]}
        smoothing={0}
        isLog={false}
        top={UNITS[what] === '%' ? 100 : undefined}
      />
    </Panel>
  );
}
