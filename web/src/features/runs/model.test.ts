import { describe, expect, it, test } from 'vitest';
import {
  barOf,
  homeOf,
  isOver,
  isReport,
  isRunState,
  spanOf,
  ticks,
  withLiveEvent,
  withLiveTask,
  withoutProgress,
} from './model';

const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds)).toISOString();
const now = Date.parse(at(100));

describe('states', () => {
  it('tell what is over', () => {
    expect(isOver('reused')).toBe(true);
    expect(isOver('ready')).toBe(false);
    expect(isRunState('running')).toBe(true);
    expect(isRunState(undefined)).toBe(false);
  });
});

describe('the timeline', () => {
  const done = { created_at: at(0), started_at: at(10), finished_at: at(50) };
  const going = { created_at: at(0), started_at: at(50), finished_at: null };

  it('reaches from the first creation to now while something goes on', () => {
    expect(spanOf([done, going], now)).toEqual({ begin_ms: Date.parse(at(0)), end_ms: now });
    expect(spanOf([done], now).end_ms).toBe(Date.parse(at(50)));
    expect(spanOf([], now).end_ms).toBe(now);
  });

  it('shows waiting before the start', () => {
    const span = spanOf([done, going], now);
    expect(barOf(done, span, now)).toEqual({ left: 0.1, width: 0.4, waitLeft: 0, waitWidth: 0.1 });
    expect(barOf(going, span, now).width).toBeCloseTo(0.5);
    const waiting = { created_at: at(0), started_at: null, finished_at: null };
    expect(barOf(waiting, span, now)).toMatchObject({ width: 0, waitWidth: 1 });
  });

  it('has marks at round times', () => {
    expect(ticks(60)).toEqual([0, 10, 20, 30, 40, 50, 60]);
    expect(ticks(7000)[1]).toBe(1800);
  });
});

describe('live events', () => {
  it('change the task they are about, in what it has', () => {
    const tasks = [
      { id: 1, state: 'running' },
      { id: 2, state: 'queued' },
    ];
    const next = withLiveTask(tasks, { id: 2, state: 'running', endpoint: 'x' });
    expect(next).toEqual([
      { id: 1, state: 'running' },
      { id: 2, state: 'running' },
    ]);
    expect(withLiveTask(tasks, { id: 3, state: 'failed' })).toBe(tasks);
  });
});

test('a report is told by its kind and its file', () => {
  const files = [{ path: 'report.json' }, { path: 'scores.npy' }];
  expect(isReport({ type: 'files', kind: 'metrics', files })).toBe(true);
  expect(isReport({ type: 'files', kind: '', files })).toBe(false);
  expect(isReport({ type: 'files', kind: 'metrics', files: [{ path: 'a.txt' }] })).toBe(false);
});

describe('a live event', () => {
  const run = { state: 'running', tasks: [{ id: 1, state: 'running', progress: null as number | null }] };

  it('changes the run, a task or the progress of a task', () => {
    expect(withLiveEvent(run, { type: 'run', data: { state: 'succeeded' } }).state).toBe('succeeded');
    const ended = withLiveEvent(run, { type: 'task', data: { id: 1, state: 'failed' } });
    expect(ended.tasks[0]?.state).toBe('failed');
    const data = { task_id: 1, progress: 0.5, message: 'half way' };
    expect(withLiveEvent(run, { type: 'metrics', data }).tasks[0]?.progress).toBe(0.5);
  });

  it('of another kind changes nothing', () => {
    expect(withLiveEvent(run, { type: 'log', data: {} })).toBe(run);
  });
});

describe('tasks without their progress', () => {
  const task = (id: number, state: string, progress: number) => ({
    id,
    state,
    progress,
    progress_message: '',
  });
  const before = [task(1, 'running', 0.1), task(2, 'waiting', 0)];

  it('are the same objects while only progress changes', () => {
    expect(withoutProgress(before, [task(1, 'running', 0.2), task(2, 'waiting', 0)])).toBe(before);
  });

  it('are others where more changes', () => {
    const now = withoutProgress(before, [task(1, 'succeeded', 1), task(2, 'waiting', 0)]);
    expect(now[0]?.state).toBe('succeeded');
    expect(now[1]).toBe(before[1]);
    expect(withoutProgress(before, [])).toEqual([]);
  });
});

it('names the list that a task which stands alone was begun from', () => {
  expect(homeOf({ algorithm: 'dataset_import', function: 'process' })).toBe('datasets');
  expect(homeOf({ algorithm: 'algorithm_install', function: 'process' })).toBe('algorithms');
  expect(homeOf({ algorithm: 'net', function: 'serve' })).toBe('endpoints');
  expect(homeOf({ algorithm: 'net', function: 'train' })).toBe('runs');
});
