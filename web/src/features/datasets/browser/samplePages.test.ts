import { expect, test, vi } from 'vitest';
import type { Sample } from '../api';
import { filterOf } from './filter';
import { SamplePages, type Source } from './samplePages';

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

/** A server with these rows; cursors are places in the list, as they are. */
function serverOf(rows: number[]) {
  const page = (cursor: string | null, limit: number) => {
    const start = cursor === null ? 0 : Number(atob(cursor)) + 1;
    return rows.slice(start, start + limit);
  };
  return {
    samples: vi.fn<Source['samples']>(async (_project, _version, _filter, { cursor, limit }) => ({
      items: page(cursor, limit).map(sample),
      next_cursor: null,
      num_matches: rows.length,
    })),
    keys: vi.fn<Source['keys']>(async (_project, _version, _filter, { cursor, limit }) => ({
      items: page(cursor, limit).map((row) => `${row}.png`),
      next_cursor: null,
      num_matches: rows.length,
    })),
  };
}

const VERSION = { name: 'd', version: 1, num_samples: 1000 };
const FILTER = filterOf({});
const all = Array.from({ length: 1000 }, (_, row) => row);

test('any page comes at once, with a filter or without', async () => {
  const odd = all.filter((row) => row % 2 === 1);
  for (const [label, rows] of [[null, all] as const, ['x', odd] as const]) {
    const server = serverOf(rows);
    const pages = new SamplePages('p', VERSION, { ...FILTER, label }, server);
    await pages.load(2);
    expect(server.samples).toHaveBeenCalledTimes(1);
    expect(pages.total).toBe(rows.length);
    expect(pages.at(412)?.row).toBe(rows[412]);
    expect(pages.positionOf(rows[412] as number)).toBe(412);
  }
});

test('a sample that was not fetched stands at its row, or with a filter nowhere', async () => {
  const plain = new SamplePages('p', VERSION, FILTER, serverOf(all));
  expect(plain.positionOf(999)).toBe(999);
  expect(plain.positionOf(1000)).toBe(-1);
  const sorted = new SamplePages('p', VERSION, { ...FILTER, order: '-size' }, serverOf(all));
  expect([sorted.total, sorted.positionOf(999)]).toEqual([1000, -1]);
  const filtered = new SamplePages('p', VERSION, { ...FILTER, label: 'x' }, serverOf([1, 3]));
  await filtered.load(0);
  expect(filtered.positionOf(2)).toBe(-1);
});

test('each page is fetched once', async () => {
  const server = serverOf(all);
  const pages = new SamplePages('p', VERSION, { ...FILTER, label: 'x' }, server);
  await Promise.all([pages.load(1), pages.load(1), pages.load(0)]);
  await pages.load(0);
  expect(server.samples).toHaveBeenCalledTimes(2);
});

test('keys are asked for only where samples are not there, and no sample is fetched for them', async () => {
  const server = serverOf(all);
  const pages = new SamplePages('p', VERSION, FILTER, server);
  await pages.load(0);
  expect(await pages.keys(10, 3)).toEqual(['10.png', '11.png', '12.png']);
  expect(server.keys).not.toHaveBeenCalled();
  expect(await pages.keys(199, 3)).toEqual(['199.png', '200.png', '201.png']);
  expect(server.samples).toHaveBeenCalledTimes(1);
});

test('a failure is kept, and trying again mends it', async () => {
  const server = serverOf(all);
  server.samples.mockRejectedValueOnce(new TypeError('no network'));
  const pages = new SamplePages('p', VERSION, { ...FILTER, split: 'train' }, server);
  await pages.load(0);
  expect(pages.error).toBeInstanceOf(TypeError);
  pages.retry();
  await pages.load(0);
  expect(pages.error).toBeNull();
  expect(pages.at(0)?.row).toBe(0);
});
