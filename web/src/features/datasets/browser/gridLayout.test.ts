import { expect, test } from 'vitest';
import type { Sample } from '../api';
import { GridLayout } from './gridLayout';
import { HEADING_HEIGHT, sectionsOf } from './sections';

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

test('sections begin below headings of their own, and each keeps its pictures together', () => {
  const sections = sectionsOf([3, 450, 1, 146].map((count, id) => ({ id: String(id), class_id: id, count })));
  const layout = new GridLayout(600, 1, OPTIONS, () => undefined, sections);
  const places = layout.between(0, layout.height);
  expect(places.map(({ position }) => position)).toEqual([...Array(600).keys()]);
  const headings = layout.headingsBetween(0, layout.height);
  expect(headings.map(({ section }) => section.id)).toEqual(['0', '1', '2', '3']);
  for (const [index, { section, top }] of headings.entries()) {
    expect(layout.tileOf(section.start)?.top).toBe(top + HEADING_HEIGHT);
    const last = layout.tileOf(section.start + section.count - 1);
    const end = headings[index + 1]?.top ?? layout.height;
    expect((last?.top ?? 0) + (last?.height ?? 0)).toBeLessThanOrEqual(end);
  }
  // Three pictures alone do not fill a line of eight.
  expect(layout.tileOf(0)?.height).toBeLessThan(140);
});

test('the heading above a height comes with those below it', () => {
  const sections = sectionsOf([500, 500].map((count, id) => ({ id: String(id), class_id: null, count })));
  const layout = new GridLayout(1000, 1, OPTIONS, () => undefined, sections);
  const middle = layout.tileOf(250)?.top ?? 0;
  expect(layout.headingsBetween(middle, middle + 500).map(({ section }) => section.id)).toEqual(['0']);
  const second = layout.headingsBetween(0, layout.height)[1]?.top ?? 0;
  expect(layout.headingsBetween(second - 10, second + 10).map(({ section }) => section.id)).toEqual([
    '0',
    '1',
  ]);
});

test('pictures of a section that two pages hold stand by their own aspects once both are there', () => {
  const pages = new Map<number, Sample[]>();
  const sections = sectionsOf([150, 100].map((count, id) => ({ id: String(id), class_id: null, count })));
  const layout = new GridLayout(250, 1, OPTIONS, (page) => pages.get(page), sections);
  const of = (aspect: number, count: number) =>
    Array.from({ length: count }, (_, row) => ({ row, width: 100 * aspect, height: 100 }) as Sample);
  pages.set(0, of(2, 200));
  layout.refresh();
  const ratio = (position: number) => {
    const tile = layout.tileOf(position);
    return (tile?.width ?? 0) / (tile?.height ?? 1);
  };
  expect(ratio(0)).toBeCloseTo(2);
  expect(ratio(160)).toBeCloseTo(1);
  pages.set(1, of(0.5, 50));
  layout.refresh();
  expect(ratio(160)).toBeCloseTo(2);
  expect(ratio(210)).toBeCloseTo(0.5);
});

test('a million samples in twenty thousand sections are laid out, and any of them is found', () => {
  const sections = sectionsOf(
    Array.from({ length: 20_000 }, (_, id) => ({ id: String(id), class_id: id, count: 50 })),
  );
  const layout = new GridLayout(1_000_000, 1.5, OPTIONS, () => undefined, sections);
  const top = layout.tileOf(765_432)?.top ?? 0;
  expect(layout.between(top - 10, top + 10).some(({ position }) => position === 765_432)).toBe(true);
  expect(layout.headingsBetween(top, top + 1)[0]?.section.id).toBe(String(Math.floor(765_432 / 50)));
});
