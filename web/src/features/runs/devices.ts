import type { Series } from '@/viz/series';
import type { Attempt, MachineMetrics } from './api';

/** A curve of a machine or a device over the seconds since an attempt began. */
export interface DeviceChart {
  /** Of the machine itself, or of a device as in `gpu 0`. */
  of: string | null;
  what: 'cpu' | 'memory' | 'utilisation' | 'temperature' | 'power';
  series: Series;
  last: number;
  most: number;
}

/**
 * What the attempt's machine and the devices it held measured, in percent, GiB, degrees and watts; a curve without a
 * single value is left out.
 */
export function deviceCharts(
  metrics: MachineMetrics,
  attempt: Pick<Attempt, 'placement' | 'created_at' | 'started_at'>,
): DeviceChart[] {
  const began = Date.parse(attempt.started_at ?? attempt.created_at);
  const seconds = metrics.times.map((time) => Math.max(0, (Date.parse(time) - began) / 1000));
  const charts: DeviceChart[] = [];
  const add = (
    of: string | null,
    what: DeviceChart['what'],
    values: (number | null)[],
    scale: (value: number) => number = (value) => value,
  ) => {
    const places = values.flatMap((value, index) => (value === null ? [] : [index]));
    if (places.length === 0) return;
    const scaled = places.map((index) => scale(values[index] as number));
    charts.push({
      of,
      what,
      series: { steps: places.map((index) => seconds[index] as number), values: scaled },
      last: scaled.at(-1) as number,
      most: scaled.reduce((most, value) => Math.max(most, value)),
    });
  };
  const percent = (share: number) => share * 100;
  const gib = (mib: number) => mib / 1024;
  for (const held of attempt.placement.devices) {
    const device = metrics.devices.find(({ kind, index }) => kind === held.kind && index === held.index);
    if (!device) continue;
    const name = `${held.kind} ${held.index}`;
    add(name, 'utilisation', device.utilisation, percent);
    add(name, 'memory', device.memory_used_mib, gib);
    add(name, 'temperature', device.temperature_c);
    add(name, 'power', device.power_w);
  }
  add(null, 'cpu', metrics.cpu, percent);
  add(null, 'memory', metrics.memory_used_mib, gib);
  return charts;
}
