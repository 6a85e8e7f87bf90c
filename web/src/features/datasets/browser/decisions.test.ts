import { beforeEach, expect, test } from 'vitest';
import type { Layer } from '../api';
import {
  decided,
  keepDecisions,
  keptDecisions,
  keysOf,
  NO_DECISIONS,
  verdictCounts,
  verdictOf,
} from './decisions';
import { MOST_PICKED } from './picks';

beforeEach(() => sessionStorage.clear());

test('a verdict is given, changed and taken back', () => {
  const one = decided(NO_DECISIONS, ['a', 'b'], 'accepted');
  const two = decided(one, ['b', 'c'], 'rejected');
  expect(keysOf(two)).toEqual({ accept: ['a'], reject: ['b', 'c'] });
  expect(keysOf(decided(two, ['b', 'c'], 'rejected'))).toEqual({ accept: ['a'], reject: [] });
  expect(keysOf(decided(two, ['a', 'b'], 'rejected'))).toEqual({ accept: [], reject: ['a', 'b', 'c'] });
});

test('no more are decided than can be saved at once', () => {
  const many = Array.from({ length: MOST_PICKED }, (_, index) => String(index));
  const full = decided(decided(NO_DECISIONS, ['x'], 'accepted'), many, 'accepted');
  expect([full.verdicts.size, full.numLeftOut]).toEqual([MOST_PICKED, 1]);
  expect(decided(full, ['x'], 'rejected').numLeftOut).toBe(0);
});

test('what was decided now is shown before what is saved', () => {
  const now = decided(NO_DECISIONS, ['a'], 'rejected');
  expect(verdictOf(now, { key: 'a', verdict: 'accepted' })).toEqual({ verdict: 'rejected', isSaved: false });
  expect(verdictOf(now, { key: 'b', verdict: 'accepted' })).toEqual({ verdict: 'accepted', isSaved: true });
  expect(verdictOf(now, { key: 'b', verdict: null })).toBeNull();
});

test('decisions outlive a reload, and none is kept once all are saved', () => {
  const some = { ...decided(NO_DECISIONS, ['a'], 'accepted'), minScore: 0.4 };
  keepDecisions('here', some);
  expect(keptDecisions('here')).toEqual(some);
  expect(keptDecisions('there')).toEqual(NO_DECISIONS);
  keepDecisions('here', NO_DECISIONS);
  expect(sessionStorage.length).toBe(0);
});

test('verdicts are counted once there are some', () => {
  const layer = (verdicts: Layer['verdicts']) => ({ verdicts }) as Layer;
  expect(verdictCounts(undefined, 9)).toBeNull();
  expect(verdictCounts(layer({ accepted: 0, rejected: 0 }), 9)).toBeNull();
  expect(verdictCounts(layer({ accepted: 2, rejected: 3 }), 9)).toEqual([
    { id: 'none', count: 4 },
    { id: 'accepted', count: 2 },
    { id: 'rejected', count: 3 },
  ]);
});
