import { expect, test } from 'vitest';
import { sampleImageUrl, spreadRows } from './thumbnails';

test('rows are spread over the whole dataset', () => {
  expect(spreadRows(100, 4)).toEqual([12, 37, 62, 87]);
  expect(spreadRows(2, 4)).toEqual([0, 1]);
  expect(spreadRows(0, 4)).toEqual([]);
});

test('names are safe in addresses', () => {
  expect(sampleImageUrl('a b', { name: 'x/y', version: 2 }, 7, 160)).toBe(
    '/api/v1/projects/a%20b/datasets/x%2Fy/versions/2/samples/7/image?size=160',
  );
  expect(sampleImageUrl('p', { name: 'd', version: 1 }, 0, 'full')).toMatch(/image$/);
});
