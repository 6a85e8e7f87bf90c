import { expect, test } from 'vitest';
import type { Sample } from '../api';
import { GridLayout } from './gridLayout';

const OPTIONS = { width: 1000, rowHeight: 120, gap: 4 };

test('a million samples are laid out at once, and any of them is found', () => {
  const layout = new GridLayout(1_000_000, 1.5, OPTIONS, () => undefined);
  const tile = layout.tileOf(765_432);
  expect(tile).toBeDefined();
  const seen = layout.between((tile?.top ?? 0) - 10, (tile?.top ?? 0) + 10);
  expect(seen.some(({ position }) => position === 765_432)).toBe(true);
  expect(seen.length).toBeLessThan(20);
});

test('places do not overlap across pages', () => {
  const layout = new GridLayout(450, 1, OPTIONS, () => undefined);
  const places = layout.between(0, layout.height);
  expect(places).toHaveLength(450);
  for (const [index, place] of places.slice(1).entries())
    expect(place.top).toBeGreaterThanOrEqual((places[index]?.top ?? 0) - 0.01);
});

test('fetched pages stand by their own aspects', () => {
  let fetched: Sample[] | undefined;
  const layout = new GridLayout(400, 1, OPTIONS, (page) => (page === 0 ? fetched : undefined));
  const before = layout.topOf(1);
  fetched = Array.from({ length: 200 }, (_, row) => ({ row, width: 200, height: 100 }) as Sample);
  layout.refresh();
  expect(layout.topOf(1)).toBeGreaterThan(before * 1.7);
});
