import { expect, test } from 'vitest';
import { goingOn, ofLastDay, runProgress } from './model';

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
