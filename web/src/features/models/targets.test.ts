import { expect, test } from 'vitest';
import { dotsOf, measured, paretoFront, parseCompileReport, targetsCsv } from './targets';

const row = (target: string, accuracy: number | null, latency: number | null, size: number | null) => ({
  target,
  precision: 'fp32',
  is_available: accuracy !== null,
  needs: accuracy === null ? 'a tool' : '',
  accuracy_before: accuracy,
  accuracy_after: accuracy,
  latency_p50_ms: latency,
  latency_p99_ms: latency,
  throughput_per_s: 10,
  size_bytes: size,
});
const REPORT = {
  schema: 'kpl.compile-report/v1',
  chosen: 'b',
  dataset: { split: 'test', num_samples: 9 },
  hardware: { device: 'cpu' },
  original_size_bytes: 900,
  targets: [row('a', 0.9, 2, 100), row('b', 0.95, 1, 100), row('c', 0.8, 4, 50), row('d', null, null, null)],
};

test('a report of a compilation is read, and what is none is refused', () => {
  const report = parseCompileReport(REPORT);
  expect(report).toMatchObject({ chosen: 'b', split: 'test', numSamples: 9, originalSizeBytes: 900 });
  expect(report.targets[3]).toMatchObject({ target: 'd', needs: 'a tool', isAvailable: false });
  expect(() => parseCompileReport({ schema: 'kpl.report/v1' })).toThrow(/no kpl.compile-report/);
  expect(() => parseCompileReport(null)).toThrow();
});

test('the front keeps what nothing beats in accuracy, speed and size together', () => {
  const targets = measured(parseCompileReport(REPORT).targets);
  expect(targets.map(({ target }) => target)).toEqual(['a', 'b', 'c']);
  expect([...paretoFront(targets)]).toEqual(['b', 'c']);
});

test('targets that are equal are both on the front', () => {
  const targets = measured(
    parseCompileReport({ ...REPORT, targets: [row('a', 0.9, 1, 1), row('b', 0.9, 1, 1)] }).targets,
  );
  expect(paretoFront(targets).size).toBe(2);
});

test('dots lie inside the box, the faster to the left and the better above', () => {
  const dots = dotsOf(measured(parseCompileReport(REPORT).targets), 100, 100);
  for (const { x, y } of dots) {
    expect(x).toBeGreaterThanOrEqual(8);
    expect(x).toBeLessThanOrEqual(92);
    expect(y).toBeGreaterThanOrEqual(8);
    expect(y).toBeLessThanOrEqual(92);
  }
  const [a, b] = dots;
  expect((b?.x ?? 0) < (a?.x ?? 0)).toBe(true);
  expect((b?.y ?? 0) < (a?.y ?? 0)).toBe(true);
});

test('what was measured is a table with all digits and the device', () => {
  expect(targetsCsv(parseCompileReport(REPORT)).split('\r\n').slice(0, 2)).toEqual([
    'target,accuracy_before,accuracy_after,latency_p50_ms,latency_p99_ms,throughput_per_s,size_bytes,device',
    'a,0.9,0.9,2,2,10,100,cpu',
  ]);
  expect(targetsCsv(parseCompileReport(REPORT))).not.toContain('d,');
});
