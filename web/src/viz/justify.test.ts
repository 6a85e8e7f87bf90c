import { expect, test } from 'vitest';
import { estimateHeight, justify } from './justify';

const ASPECTS = Array.from({ length: 57 }, (_, index) => [1, 1.78, 0.75, 1.33, 2.2][index % 5] as number);

test('every picture has a place, in order, inside the width', () => {
  const { tiles } = justify(ASPECTS, { width: 900, rowHeight: 140 });
  expect(tiles.map(({ index }) => index)).toEqual(ASPECTS.map((_, index) => index));
  for (const tile of tiles) expect(tile.left + tile.width).toBeLessThan(900.01);
});

test('rows fill the width and keep near their height', () => {
  const { tiles } = justify(ASPECTS, { width: 900, rowHeight: 140, fills: true });
  for (const [index, last] of tiles.entries()) {
    if (tiles[index + 1]?.top === last.top) continue;
    expect(last.left + last.width).toBeCloseTo(900, 3);
    expect(last.height).toBeGreaterThan(90);
    expect(last.height).toBeLessThan(220);
  }
});

test('a few pictures are not blown up', () => {
  const { tiles } = justify([1, 1.5], { width: 1200, rowHeight: 140 });
  for (const { height } of tiles) expect(height).toBeLessThan(160);
});

test('nothing has no height, and equal pictures have the height that was guessed', () => {
  expect(justify([], { width: 900, rowHeight: 140 }).height).toBe(0);
  const options = { width: 900, rowHeight: 140, fills: true };
  expect(estimateHeight(200, 1.5, options)).toBe(justify(new Array(200).fill(1.5), options).height);
});

test('pictures of one shape stand in columns', () => {
  const { tiles } = justify(new Array(200).fill(1), { width: 620, rowHeight: 144, fills: true });
  const perRow = new Map<number, number>();
  for (const { top } of tiles) perRow.set(top, (perRow.get(top) ?? 0) + 1);
  expect(new Set(perRow.values())).toEqual(new Set([4]));
});
