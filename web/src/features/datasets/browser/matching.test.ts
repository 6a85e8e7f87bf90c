import { expect, test } from 'vitest';
import type { Box } from '../api';
import { matchBoxes, overlap } from './matching';

function box(x0: number, x1: number, class_id = 0, score: number | null = null): Box {
  return { x0, y0: 0, x1, y1: 10, class_id, label: String(class_id), score, landmarks: null, outline: null };
}

test('overlap is the shared part of both', () => {
  expect(overlap(box(0, 10), box(5, 15))).toBeCloseTo(1 / 3);
  expect(overlap(box(0, 10), box(10, 20))).toBe(0);
});

test('a prediction matches the label of its class that it overlaps', () => {
  const found = matchBoxes([box(0, 10), box(20, 30)], [box(1, 10, 0, 0.9)]);
  expect(found).toEqual({
    truth: ['matched', 'missed'],
    predicted: ['matched'],
    matched: 1,
    missed: 1,
    wrong: 0,
  });
});

test('the surest takes the label, the second on it is wrong', () => {
  const found = matchBoxes([box(0, 10)], [box(0, 9, 0, 0.5), box(0, 10, 0, 0.8)]);
  expect(found.predicted).toEqual(['place', 'matched']);
  expect([found.matched, found.missed, found.wrong]).toEqual([1, 0, 1]);
});

test('a wrong class in the right place is told from a wrong place', () => {
  const found = matchBoxes([box(0, 10)], [box(0, 10, 1, 0.9), box(50, 60, 0, 0.9)]);
  expect(found.predicted).toEqual(['class', 'place']);
  expect(found.missed).toBe(1);
});

test('predictions under the score do not count', () => {
  const found = matchBoxes([box(0, 10)], [box(0, 10, 0, 0.3)], { minScore: 0.5 });
  expect(found).toMatchObject({ predicted: [null], matched: 0, missed: 1, wrong: 0 });
});

test('each label and each sure prediction is counted once', () => {
  const truth = [0, 12, 24, 36].map((at) => box(at, at + 10, at % 3));
  const predicted = [1, 11, 25, 60, 37].map((at, index) => box(at, at + 10, at % 3, index / 5));
  const found = matchBoxes(truth, predicted);
  expect(found.matched + found.missed).toBe(truth.length);
  expect(found.matched + found.wrong).toBe(predicted.length);
});
