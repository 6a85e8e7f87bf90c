import { expect, test } from 'vitest';
import type { MachineMetrics } from './api';
import { deviceCharts } from './devices';

const device = (index: number): MachineMetrics['devices'][number] => ({
  kind: 'gpu',
  index,
  model: 'a100',
  memory_mib: 40_960,
  is_healthy: true,
  sharing: 'bookkeeping',
  holders: [],
  utilisation: [0.5, null, 1],
  memory_used_mib: [1024, 2048, 1024],
  temperature_c: [null, null, null],
  power_w: [100, 200, 300],
});
const METRICS: MachineMetrics = {
  machine: 'here',
  step_s: 1,
  times: ['2026-01-01T00:00:10Z', '2026-01-01T00:00:11Z', '2026-01-01T00:00:12Z'],
  cpu: [0.25, 0.5, null],
  memory_used_mib: [512, 512, 512],
  disk_used_mib: [1, 1, 1],
  memory_mib: 4096,
  disk_mib: 9,
  devices: [device(0), device(1)],
};
const ATTEMPT = {
  created_at: '2026-01-01T00:00:00Z',
  started_at: '2026-01-01T00:00:09Z',
  placement: {
    machine: 'here',
    cpu_milli: 1000,
    memory_mib: 1024,
    devices: [
      {
        kind: 'gpu',
        index: 1,
        share_milli: 1000,
        share_mib: 0,
        model: 'a100',
        enforcement: 'bookkeeping' as const,
      },
    ],
  },
};

test('the devices that an attempt held are shown, and the machine, over the seconds since it began', () => {
  const charts = deviceCharts(METRICS, ATTEMPT);
  expect(charts.map(({ of, what }) => [of, what])).toEqual([
    ['gpu 1', 'utilisation'],
    ['gpu 1', 'memory'],
    ['gpu 1', 'power'],
    [null, 'cpu'],
    [null, 'memory'],
  ]);
  expect(charts[0]?.series).toEqual({ steps: [1, 3], values: [50, 100] });
  expect(charts[1]).toMatchObject({ last: 1, most: 2 });
  expect(charts[4]?.series.values).toEqual([0.5, 0.5, 0.5]);
});

test('a machine that measured nothing has no curves', () => {
  const nothing = { ...METRICS, times: [], cpu: [], memory_used_mib: [], devices: [] };
  expect(deviceCharts(nothing, ATTEMPT)).toEqual([]);
});
