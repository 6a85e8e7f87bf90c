import { expect, test } from 'vitest';
import { fitImage } from './fit';
import { classShares, type LabelMap, pixelAgreement, tint } from './tint';

/** A map of [class, object] pairs; null is nothing. */
function mapOf(rows: ([number, number] | null)[][]): LabelMap {
  const data = rows.flat().flatMap((pixel) => {
    const [id, object] = pixel ?? [0, 0];
    return [id % 256, Math.floor(id / 256), object, 255];
  });
  return { width: rows[0]?.length ?? 0, height: rows.length, data: new Uint8ClampedArray(data) };
}

function alphas(pixels: Uint8ClampedArray): number[] {
  return [...pixels].filter((_, at) => at % 4 === 3);
}

const A: [number, number] = [0, 1];
const B: [number, number] = [1, 1];

function over(map: LabelMap, width: number, height: number, fit: 'cover' | 'contain' = 'cover') {
  const image = { width: map.width * 10, height: map.height * 10 };
  const view = { width, height, imageWidth: image.width, imageHeight: image.height, fit };
  return { width, height, image, fit: fitImage(view) };
}

test('each pixel has the colour of its class, and none where there is nothing', () => {
  const map = mapOf([[A, [11, 1], null]]);
  const pixels = tint(map, over(map, 3, 1), { fill: 0.4, stroke: 0 });
  expect([...pixels.slice(0, 4)]).toEqual([0x4c, 0xc9, 0xf0, 102]);
  expect([...pixels.slice(4, 8)]).toEqual([0xf9, 0xa0, 0x3f, 102]);
  expect([...pixels.slice(8)]).toEqual([0, 0, 0, 0]);
});

test('lines run where something else begins, not along the end of the view', () => {
  const map = mapOf([[A, A, A, B, B, B]]);
  expect(alphas(tint(map, over(map, 6, 1), { fill: 0.4, stroke: 1 }))).toEqual([
    102, 102, 255, 255, 102, 102,
  ]);
});

test('objects of one class have a line between them', () => {
  const map = mapOf([[A, A, [0, 2], [0, 2]]]);
  expect(alphas(tint(map, over(map, 4, 1), { fill: 0, stroke: 1 }))).toEqual([0, 255, 255, 0]);
});

test('the one class pointed at stands out', () => {
  const map = mapOf([[A, B]]);
  expect(alphas(tint(map, over(map, 2, 1), { fill: 0.4, stroke: 0, only: 1 }))).toEqual([26, 102]);
  expect(alphas(tint(map, over(map, 2, 1), { fill: 0.4, stroke: 0, hidden: [1] }))).toEqual([102, 0]);
});

test('a mask is cut off as its picture is', () => {
  const map = mapOf([[A, B, B, A]]);
  const cut = tint(map, over(map, 2, 1), { fill: 1, stroke: 0 });
  expect([...cut.slice(0, 3)]).toEqual([0xf9, 0xa0, 0x3f]);
  expect([...cut.slice(4, 7)]).toEqual([0xf9, 0xa0, 0x3f]);
  expect(alphas(tint(map, over(map, 4, 3, 'contain'), { fill: 1, stroke: 0 }))).toEqual([
    0, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0,
  ]);
});

test('classes above 255 keep their number', () => {
  expect(classShares(mapOf([[[300, 1], [300, 1], null, A]]))).toEqual([
    { classId: 300, share: 2 / 3 },
    { classId: 0, share: 1 / 3 },
  ]);
});

test('agreement counts the labelled pixels alone', () => {
  expect(pixelAgreement(mapOf([[A, B, null, A]]), mapOf([[A, A, B, null]]))).toBeCloseTo(1 / 3);
  expect(pixelAgreement(mapOf([[A]]), mapOf([[A, A]]))).toBeNull();
  expect(pixelAgreement(mapOf([[null]]), mapOf([[A]]))).toBeNull();
});
