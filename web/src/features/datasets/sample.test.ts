import { expect, test } from 'vitest';
import { isLabelled } from './sample';

const EMPTY = { verdict: null, boxes: [], has_mask: false };
const reviewed = { verdicts: { accepted: 2, rejected: 0 } };

test('an empty sample is labelled, unless a review has begun and not reached it', () => {
  const version = { kind: 'detection' };
  expect(isLabelled(version, EMPTY, undefined)).toBe(true);
  expect(isLabelled(version, EMPTY, { verdicts: { accepted: 0, rejected: 0 } })).toBe(true);
  expect(isLabelled(version, EMPTY, reviewed)).toBe(false);
  expect(isLabelled(version, { ...EMPTY, verdict: 'rejected' }, reviewed)).toBe(false);
  expect(isLabelled(version, { ...EMPTY, verdict: 'accepted' }, reviewed)).toBe(true);
  expect(isLabelled(version, { ...EMPTY, has_mask: true }, reviewed)).toBe(true);
});

test('nothing of an unlabelled set is labelled', () => {
  expect(isLabelled({ kind: 'unlabelled' }, EMPTY, undefined)).toBe(false);
});
