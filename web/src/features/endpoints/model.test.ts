import { expect, it } from 'vitest';
import type { Deployment } from './api';
import {
  bestScores,
  differences,
  isName,
  isReturnable,
  isServing,
  isStoppable,
  SNIPPET_LANGUAGES,
  snippet,
  trafficCurves,
} from './model';

it.each(SNIPPET_LANGUAGES)('calls the endpoint from %s with a token from the environment', (language) => {
  const text = snippet(language, 'http://kpl:8700', '/serve/default/digits');
  expect(text).toContain('http://kpl:8700/serve/default/digits/predict');
  expect(text).toContain('KPL_TOKEN');
  expect(text).toContain('image/png');
});

it('puts the best classes first, and has none for other answers', () => {
  const scores = [
    { label: 'a', score: 0.1 },
    { label: 'b', score: 0.9 },
  ];
  expect(bestScores({ scores }, 1)).toEqual([{ label: 'b', score: 0.9 }]);
  expect(bestScores({ type: 'detection' })).toEqual([]);
});

it('knows which endpoints answer and which can be stopped', () => {
  expect(isServing('ready')).toBe(true);
  expect(isServing('starting')).toBe(false);
  expect(isStoppable('restarting')).toBe(true);
  expect(isStoppable('stopped')).toBe(false);
});

it('takes names as the server does', () => {
  expect(isName('digits-v2')).toBe(true);
  expect(isName('Digits')).toBe(false);
});

it('draws requests a second, shares of errors and latencies over one axis', () => {
  const times = ['2026-01-01T00:00:00Z', '2026-01-01T00:01:00Z'];
  const latency = { p50_ms: [5, null], p95_ms: [9, null], p99_ms: [9.5, null] };
  const { rate, errors, ...rest } = trafficCurves({
    step_s: 60,
    last_step_s: 30,
    times,
    num_requests: [30, 0],
    num_errors: [3, 0],
    ...latency,
  });
  const steps = times.map((time) => Date.parse(time) / 1000);
  expect(rate).toEqual([{ steps, values: [0.5, 0] }]);
  expect(errors).toEqual([{ steps, values: [0.1, Number.NaN] }]);
  expect(rest.latency.map(({ values }) => values[0])).toEqual([5, 9, 9.5]);
  expect(rest.isQuiet).toBe(false);
});

it('takes a minute that goes on for as long as it lasts, and not before a quarter is over', () => {
  const rates = (last_step_s: number) =>
    trafficCurves({
      step_s: 60,
      last_step_s,
      times: ['2026-01-01T00:00:00Z', '2026-01-01T00:01:00Z'],
      num_requests: [60, 20],
      num_errors: [0, 0],
      p50_ms: [1, 1],
      p95_ms: [1, 1],
      p99_ms: [1, 1],
    }).rate[0]?.values;
  expect(rates(20)).toEqual([1, 1]);
  expect(rates(14)).toEqual([1, Number.NaN]);
});

it('offers to go back to what answered once and is not what answers now', () => {
  const deployment = {
    task_id: 1,
    state: 'stopped',
    model: { name: 'digits', version: 1, digest: 'a' },
    algorithm: 'toy',
    algorithm_version: '1',
    parameters: {},
    ready_at: '2026-01-01T00:00:00Z',
    is_current: false,
  } as unknown as Deployment;
  const current = { ...deployment, state: 'ready', is_current: true } as Deployment;
  expect(isReturnable(current, current)).toBe(false);
  expect(isReturnable(deployment, current)).toBe(false);
  expect(isReturnable({ ...deployment, parameters: { batch: 2 } }, current)).toBe(true);
  expect(differences({ ...deployment, parameters: { batch: 2 } }, current)).toEqual(['batch 2']);
  expect(isReturnable(deployment, { ...current, state: 'failed' })).toBe(true);
  expect(isReturnable({ ...deployment, parameters: { batch: 2 }, ready_at: null }, current)).toBe(false);
});
