import { expect, it } from 'vitest';
import { curvesOf } from './curves';

const device = (amounts: object) => ({
  kind: 'gpu',
  index: 1,
  model: 'x',
  memory_mib: 1,
  is_healthy: true,
  sharing: 'watched',
  holders: [],
  utilisation: [null, null],
  memory_used_mib: [null, null],
  temperature_c: [null, null],
  power_w: [null, null],
  ...amounts,
});

it('leaves out what was not measured, and curves without any value', () => {
  const { busy, memory, temperature } = curvesOf({
    machine: 'm',
    step_s: 1,
    times: ['2026-01-01T00:00:00Z', '2026-01-01T00:00:01Z'],
    cpu: [null, 0.5],
    memory_used_mib: [10, 20],
    disk_used_mib: [1, 1],
    memory_mib: 100,
    disk_mib: 9,
    devices: [device({ utilisation: [0.25, null] })],
  });
  const second = Date.parse('2026-01-01T00:00:01Z') / 1000;
  expect(busy).toEqual([
    { name: 'cpu', series: { steps: [second], values: [0.5] }, last: 0.5 },
    { name: 'GPU 1', series: { steps: [second - 1], values: [0.25] }, last: 0.25 },
  ]);
  expect(memory.map(({ name, last }) => [name, last])).toEqual([['memory', 20]]);
  expect(temperature).toEqual([]);
});
