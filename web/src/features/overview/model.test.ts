import { expect, test } from 'vitest';
import { deviceCells, goingOn, heldOf, ofLastDay, placeOf, runProgress, wayTo } from './model';

test("one's own runs come first, and what is over is left out", () => {
  const run = (state: string, created_by: string, created_at: string) => ({ state, created_by, created_at });
  const runs = [
    run('running', 'bo', '2026-01-03'),
    run('succeeded', 'al', '2026-01-04'),
    run('queued', 'al', '2026-01-01'),
    run('running', 'al', '2026-01-02'),
  ];
  expect(goingOn(runs, 'al').map(({ created_at }) => created_at)).toEqual([
    '2026-01-02',
    '2026-01-01',
    '2026-01-03',
  ]);
});

test('a day has 24 hours', () => {
  const now = Date.parse('2026-01-02T12:00:00Z');
  const items = [
    { finished_at: '2026-01-02T00:00:00Z' },
    { finished_at: '2026-01-01T11:00:00Z' },
    { finished_at: null },
  ];
  expect(ofLastDay(items, now)).toEqual([items[0]]);
});

test('a running task counts in part', () => {
  expect(runProgress([])).toBeNull();
  expect(
    runProgress([
      { state: 'succeeded', progress: null },
      { state: 'running', progress: 0.5 },
      { state: 'waiting', progress: null },
    ]),
  ).toBe(0.5);
});

test('the cluster is told by its devices first', () => {
  const total = { cpu: 8000, memory: 4096, gpu: 2000, 'gpu:a100': 2000 };
  expect(heldOf({ total, held: { gpu: 500 } })).toEqual([
    { resource: 'gpu', held: 500, total: 2000 },
    { resource: 'cpu', held: 0, total: 8000 },
    { resource: 'memory', held: 0, total: 4096 },
  ]);
  const device = { kind: 'gpu', index: 1, held_milli: 250 };
  const machines = [{ name: 'a', devices: [device] }] as Parameters<typeof deviceCells>[0];
  expect(deviceCells(machines)).toEqual([{ name: 'a · GPU 1', share: 0.25 }]);
});

test('a failed step is opened at the line of its error', () => {
  expect(placeOf('train & test')).toBe('?task=train+%26+test');
  expect(placeOf('train', 3)).toBe('?task=train&tab=log&line=-3');
});

test.each([
  [{ run_id: 7, algorithm: 'dataset_import', function: 'process' as const }, ['runs', 7]],
  [{ run_id: null, algorithm: 'dataset_import', function: 'process' as const }, ['datasets']],
  [{ run_id: null, algorithm: 'algorithm_install', function: 'process' as const }, ['algorithms']],
  [{ run_id: null, algorithm: 'image_classification', function: 'serve' as const }, ['endpoints']],
])('a task that failed is gone on with where it was begun: %j', (task, parts) =>
  expect(wayTo(task)).toEqual(parts),
);
