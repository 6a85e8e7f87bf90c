import { expect, test } from 'vitest';
import { placeBoxes, placeLandmarks, TAG_HEIGHT } from './overlay';

const VIEW = { width: 200, height: 100, imageWidth: 400, imageHeight: 200, names: true };
const box = (x0: number, y0: number, x1: number, y1: number) => ({
  x0,
  y0,
  x1,
  y1,
  class_id: 0,
  label: 'car',
});
const measure = (text: string) => text.length * 6;

test('boxes are scaled to the view', () => {
  const [placed] = placeBoxes([box(100, 80, 200, 160)], VIEW, measure);
  expect(placed).toMatchObject({
    left: 50,
    top: 40,
    width: 50,
    height: 40,
    tag: 'car',
    tagTop: 40 - TAG_HEIGHT,
  });
});

test('small boxes go without a tag', () => {
  expect(placeBoxes([box(100, 80, 140, 120)], VIEW, measure)[0]?.tag).toBe('');
});

test('tags never cover each other, and stay inside', () => {
  const boxes = [box(0, 0, 120, 120), box(6, 4, 126, 110), box(340, 90, 400, 160), box(8, 8, 100, 100)];
  const tagged = placeBoxes(boxes, VIEW, measure).filter(({ tag }) => tag !== '');
  for (const [index, one] of tagged.entries()) {
    expect(one.tagLeft + one.tagWidth).toBeLessThanOrEqual(VIEW.width);
    for (const other of tagged.slice(index + 1)) {
      const isApart =
        one.tagLeft + one.tagWidth <= other.tagLeft ||
        other.tagLeft + other.tagWidth <= one.tagLeft ||
        one.tagTop + TAG_HEIGHT <= other.tagTop ||
        other.tagTop + TAG_HEIGHT <= one.tagTop;
      expect(isApart).toBe(true);
    }
  }
});

test('without names there are no tags', () => {
  expect(placeBoxes([box(0, 0, 200, 200)], { ...VIEW, names: false }, measure)[0]?.tag).toBe('');
});

test('boxes follow the part of a picture that is cut off', () => {
  const view = { width: 100, height: 100, imageWidth: 200, imageHeight: 100, names: false };
  expect(placeBoxes([box(50, 0, 150, 100)], view, measure)[0]).toMatchObject({ left: 0, width: 100, top: 0 });
  const whole = { ...view, fit: 'contain' as const };
  expect(placeBoxes([box(50, 0, 150, 100)], whole, measure)[0]).toMatchObject({
    left: 25,
    width: 50,
    top: 25,
  });
});

test('predictions are dashed and say how sure they are', () => {
  const predicted = { ...box(100, 80, 220, 160), score: 0.874, isPredicted: true };
  const [placed] = placeBoxes([predicted], VIEW, measure);
  expect(placed).toMatchObject({ isDashed: true, tag: 'car 0.87' });
});

test('a tag too wide for its box is shortened or left out', () => {
  const narrow = { ...box(100, 80, 160, 160), score: 0.874 };
  expect(placeBoxes([narrow], VIEW, measure)[0]?.tag).toBe('0.87');
  expect(placeBoxes([{ ...narrow, score: null, label: 'a long name' }], VIEW, measure)[0]?.tag).toBe('');
});

test('a box that another speaks for has no tag', () => {
  expect(placeBoxes([{ ...box(0, 0, 200, 200), isTagged: false }], VIEW, measure)[0]?.tag).toBe('');
});

test('a tag goes below a box whose head is taken', () => {
  const same = box(0, 0, 200, 100);
  const placed = placeBoxes([same, same], VIEW, measure);
  expect(placed.map(({ tagTop }) => tagTop)).toEqual([0, 50]);
});

test('landmarks are placed, and those not set are left out', () => {
  const face = { ...box(0, 0, 100, 100), landmarks: [[10, 20], null, [30, 40]] };
  const tiny = { ...face, x1: 20 };
  expect(placeLandmarks([face, tiny], VIEW).map(({ x, y }) => [x, y])).toEqual([
    [5, 10],
    [15, 20],
  ]);
});
