import { expect, test } from 'vitest';
import type { DetectedObject } from './api';
import { countedObjects, countsOf, OUTCOME_COLOURS, outcomeBoxes } from './outcomes';

const objectOf = (change: Partial<DetectedObject>): DetectedObject => ({
  outcome: 'right',
  label_id: 0,
  label: 'cat',
  predicted_id: 0,
  predicted: 'cat',
  score: 0.9,
  overlap: 0.8,
  object_box: [0, 0, 10, 10],
  answer_box: [1, 1, 10, 10],
  is_counted: true,
  ...change,
});
const RIGHT = objectOf({});
const WRONG = objectOf({ outcome: 'wrong', predicted_id: 1, predicted: 'dog' });
const MISSED = objectOf({
  outcome: 'missed',
  predicted_id: null,
  predicted: null,
  score: null,
  overlap: null,
  answer_box: null,
  is_counted: false,
});
const ALARM = objectOf({
  outcome: 'false_alarm',
  label_id: null,
  label: null,
  overlap: null,
  object_box: null,
});

test('answers are solid and what they leave out is dashed, each in the colour of its outcome', () => {
  const drawn = outcomeBoxes([RIGHT, MISSED, ALARM]);
  expect(drawn.map(({ label, isDashed, colour }) => [label, isDashed, colour])).toEqual([
    ['cat', false, OUTCOME_COLOURS.right],
    ['cat', true, OUTCOME_COLOURS.missed],
    ['cat', false, OUTCOME_COLOURS.false_alarm],
  ]);
  expect(drawn[0]).toMatchObject({ x0: 1, y0: 1, x1: 10, y1: 10, score: 0.9 });
});

test('an object taken for another is drawn twice and named once', () => {
  const drawn = outcomeBoxes([WRONG]);
  expect(drawn.map(({ label, isTagged }) => [label, isTagged])).toEqual([
    ['cat', false],
    ['dog ≠ cat', undefined],
  ]);
});

test('a right one shows its object only when it is looked at', () => {
  expect(outcomeBoxes([RIGHT])).toHaveLength(1);
  expect(outcomeBoxes([RIGHT], { isWhole: true })).toHaveLength(2);
});

test('a grid draws what a figure counts, or everything where that is nothing', () => {
  expect(countedObjects([RIGHT, MISSED])).toEqual([RIGHT]);
  expect(countedObjects([MISSED])).toEqual([MISSED]);
});

test('outcomes that are not there are not counted', () => {
  const counts = { num_counted: 3, num_right: 2, num_wrong: 0, num_missed: 1, num_false_alarms: 0 };
  expect(countsOf({ width: 1, height: 1, objects: [], ...counts })).toEqual([
    { outcome: 'right', count: 2 },
    { outcome: 'missed', count: 1 },
  ]);
});
