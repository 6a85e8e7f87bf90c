import { expect, test } from 'vitest';
import type { Box, Layer, Sample } from '../api';
import { chosenPredictions, nextShown, overlayOf, switchesOf, withToggled } from './overlays';

const BOX: Box = {
  x0: 0,
  y0: 0,
  x1: 9,
  y1: 9,
  class_id: 0,
  label: 'a',
  score: null,
  landmarks: null,
  outline: null,
};
const VIEW = { boxes: true, masks: true, landmarks: true, shows: 'both' as const, hidden: [] as number[] };
const SAMPLE: Pick<Sample, 'boxes' | 'has_mask' | 'predicted'> = {
  boxes: [BOX],
  has_mask: true,
  predicted: { layer: 'yolo', boxes: [{ ...BOX, score: 0.5 }], num_boxes: 1, has_mask: true },
};
const layer = (name: string, role: Layer['role'], fields: Record<string, string>): Layer => ({
  name,
  role,
  fields,
  answers: role === 'predictions' ? ['boxes'] : [],
});
const LAYERS = [
  layer('samples', 'samples', { image: 'image' }),
  layer('labels', 'labels', { masks: 'json', boxes: 'boxes' }),
  layer('zeta', 'predictions', { boxes: 'boxes' }),
  layer('yolo', 'predictions', { boxes: 'boxes' }),
];

test('both are drawn, predictions apart', () => {
  const { boxes, masks } = overlayOf(SAMPLE, VIEW);
  expect(boxes.map(({ isPredicted }) => isPredicted ?? false)).toEqual([false, true]);
  expect(masks).toEqual([
    { layer: 'labels', isPredicted: false },
    { layer: 'yolo', isPredicted: true },
  ]);
});

test('where both agree one tag is enough', () => {
  expect(overlayOf(SAMPLE, VIEW).boxes.map(({ isTagged }) => isTagged ?? true)).toEqual([false, true]);
  const away = { ...SAMPLE, boxes: [{ ...BOX, x0: 50, x1: 60 }] };
  expect(overlayOf(away, VIEW).boxes.map(({ isTagged }) => isTagged ?? true)).toEqual([true, true]);
});

test('one of them is drawn when one is asked for', () => {
  expect(overlayOf(SAMPLE, { ...VIEW, shows: 'labels' }).masks).toEqual([
    { layer: 'labels', isPredicted: false },
  ]);
  expect(overlayOf(SAMPLE, { ...VIEW, shows: 'predictions' }).boxes).toHaveLength(1);
});

test('what is switched off is not drawn', () => {
  expect(overlayOf(SAMPLE, { ...VIEW, masks: false }).masks).toEqual([]);
  expect(overlayOf(SAMPLE, { ...VIEW, boxes: false, landmarks: false }).boxes).toEqual([]);
});

test('switches follow the fields of labels and the answers of predictions', () => {
  expect(switchesOf(LAYERS, null)).toEqual({
    boxes: true,
    masks: true,
    landmarks: false,
    predictions: false,
  });
  const unlabelled = LAYERS.filter(({ role }) => role !== 'labels');
  expect(switchesOf(unlabelled, 'yolo')).toEqual({
    boxes: true,
    masks: false,
    landmarks: false,
    predictions: true,
  });
});

test('the layer of the address is chosen, else the usual one, else the first', () => {
  expect(chosenPredictions(LAYERS, 'yolo')).toBe('yolo');
  expect(chosenPredictions(LAYERS, 'gone')).toBe('zeta');
  expect(chosenPredictions([...LAYERS, layer('predictions', 'predictions', {})], undefined)).toBe(
    'predictions',
  );
  expect(chosenPredictions(LAYERS.slice(0, 2), undefined)).toBeNull();
});

test('pressing again and again comes round', () => {
  expect(nextShown(nextShown(nextShown('labels')))).toBe('labels');
});

test('objects of hidden classes are not drawn, and come back', () => {
  const ids = SAMPLE.boxes.map(({ class_id }) => class_id);
  const hidden = withToggled([], ids[0] as number);
  const { boxes } = overlayOf(SAMPLE, { ...VIEW, hidden });
  expect(boxes.some(({ class_id }) => class_id === ids[0])).toBe(false);
  expect(overlayOf(SAMPLE, { ...VIEW, hidden: withToggled(hidden, ids[0] as number) })).toEqual(
    overlayOf(SAMPLE, VIEW),
  );
});
