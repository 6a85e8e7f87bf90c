import { expect, it } from 'vitest';
import { type Benchmark, fastEnough, kindsOf, within } from './benchmarks';

const device = (device_kind: string, ms: number | null) => ({
  device: device_kind,
  device_kind,
  accuracy: null,
  latency_ms: ms === null ? null : { value: ms, metric: 'latency_p50_ms', target: '', task_id: 1 },
});
const slow: Benchmark = { algorithm: 'slow', devices: [device('gpu', 2), device('cpu', 80)] };
const fast: Benchmark = { algorithm: 'fast', devices: [device('cpu', 5), device('', null)] };
const all = [{ name: 'slow' }, { name: 'fast' }, { name: 'unmeasured' }];

it('knows on what kinds of devices something was measured', () => {
  expect(kindsOf([slow, fast])).toEqual(['cpu', 'gpu']);
});

it('finds what is fast enough on a kind of device, and nothing that was not measured', () => {
  const names = (speed: object) => fastEnough(all, [slow, fast], speed).map(({ name }) => name);
  expect(names({})).toEqual(['slow', 'fast', 'unmeasured']);
  expect(names({ atMost_ms: 20 })).toEqual(['slow', 'fast']);
  expect(names({ atMost_ms: 20, device: 'cpu' })).toEqual(['fast']);
  expect(names({ device: 'gpu' })).toEqual(['slow']);
  expect(within(fast, {})).toHaveLength(2);
  expect(within(undefined, {})).toEqual([]);
});
