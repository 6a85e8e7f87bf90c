import { expect, test, vi } from 'vitest';
import type { Sample, SamplesPage } from '../api';
import { cursorAfterRow } from '../model';
import { SamplePages } from './samplePages';

const sample = (row: number): Sample => ({
  row,
  key: `${row}.png`,
  split: '',
  has_image: true,
  width: 4,
  height: 3,
  class_id: null,
  label: null,
  boxes: [],
  num_boxes: 0,
  has_mask: false,
  text: null,
  values: {},
  prediction: null,
  predicted: null,
});

/** A server with these rows; cursors are the last row of the page before, as they are. */
function serverOf(rows: number[]) {
  return vi.fn(async (_project, _version, _filter, { cursor, limit }): Promise<SamplesPage> => {
    const after = cursor === null ? -1 : Number(atob(cursor));
    const rest = rows.filter((row) => row > after);
    const items = rest.slice(0, limit).map(sample);
    const next = rest.length > limit ? cursorAfterRow(items.at(-1)?.row ?? 0) : null;
    return { items, next_cursor: next, num_matches: rows.length };
  });
}

const VERSION = { name: 'd', version: 1, num_samples: 1000 };
const all = Array.from({ length: 1000 }, (_, row) => row);

test('without a filter any page comes at once', async () => {
  const server = serverOf(all);
  const pages = new SamplePages('p', VERSION, { split: null, label: null }, server);
  await pages.load(3);
  expect(server).toHaveBeenCalledTimes(1);
  expect(pages.at(612)?.row).toBe(612);
  expect(pages.positionOf(999)).toBe(999);
});

test('with a filter pages come in order, each once', async () => {
  const odd = all.filter((row) => row % 2 === 1);
  const server = serverOf(odd);
  const pages = new SamplePages('p', VERSION, { split: null, label: 'x' }, server);
  await Promise.all([pages.load(2), pages.load(0), pages.load(1)]);
  expect(server).toHaveBeenCalledTimes(3);
  expect(pages.total).toBe(500);
  expect(pages.at(450)?.row).toBe(901);
  expect(pages.positionOf(901)).toBe(450);
  expect(pages.positionOf(2)).toBe(-1);
});

test('a failure is kept, and trying again mends it', async () => {
  const server = serverOf(all);
  server.mockRejectedValueOnce(new TypeError('no network'));
  const pages = new SamplePages('p', VERSION, { split: 'train', label: null }, server);
  await pages.load(0);
  expect(pages.error).toBeInstanceOf(TypeError);
  pages.retry();
  await pages.load(0);
  expect(pages.error).toBeNull();
  expect(pages.at(0)?.row).toBe(0);
});
