import type { Fit } from './fit';
import { CLASS_COLOURS } from './palette';

/**
 * A mask as the server sends it, four bytes a pixel: red + 256 * green is the class, blue is 0 where there is
 * nothing, and otherwise tells neighbouring objects apart.
 */
export interface LabelMap {
  width: number;
  height: number;
  data: Uint8ClampedArray;
}

export interface TintOptions {
  /** How much of the class's colour covers the picture. */
  fill: number;
  /** Width of the line around each object or area. */
  stroke: number;
  isDashed?: boolean;
  /** The one class to show; others fade. */
  only?: number | null;
  /** Classes that are left out. */
  hidden?: readonly number[];
}

const COLOURS = CLASS_COLOURS.map((colour) =>
  [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16)),
);
const FADED = 0.25;
const DASH_PX = 5;

/**
 * Colours a mask over a view of `width` by `height`, all in pixels of the screen; `fit` says where the whole image
 * stands in it. The line runs inside of what it surrounds.
 */
export function tint(
  map: LabelMap,
  {
    width,
    height,
    fit,
    image,
  }: { width: number; height: number; fit: Fit; image: { width: number; height: number } },
  { fill, stroke, isDashed = false, only = null, hidden = [] }: TintOptions,
): Uint8ClampedArray<ArrayBuffer> {
  const isHidden = new Set(hidden);
  const ids = sampled(map, { width, height, fit, image });
  const out = new Uint8ClampedArray(width * height * 4);
  for (let y = 0, at = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1, at += 1) {
      const id = ids[at] as number;
      if (id < 0 || isHidden.has(id % CLASSES)) continue;
      const isLine = isEdge(ids, { x, y, width, height }, stroke) && !(isDashed && isGap(x, y));
      const alpha = (isLine ? 1 : fill) * (only === null || only === id % CLASSES ? 1 : FADED);
      const colour = COLOURS[(id % CLASSES) % COLOURS.length] as number[];
      out[at * 4] = colour[0] as number;
      out[at * 4 + 1] = colour[1] as number;
      out[at * 4 + 2] = colour[2] as number;
      out[at * 4 + 3] = Math.round(alpha * 255);
    }
  return out;
}

/** Class ids go up to this; above it stands the number of the object. */
const CLASSES = 65_536;

/** The object and class under each pixel of the view; -1 where there is none. */
function sampled(
  map: LabelMap,
  {
    width,
    height,
    fit,
    image,
  }: { width: number; height: number; fit: Fit; image: { width: number; height: number } },
): Int32Array {
  const ids = new Int32Array(width * height).fill(-1);
  const columns = new Int32Array(width);
  const across = map.width / (image.width * fit.scale);
  const down = map.height / (image.height * fit.scale);
  for (let x = 0; x < width; x += 1) columns[x] = Math.floor((x + 0.5 - fit.left) * across);
  for (let y = 0; y < height; y += 1) {
    const row = Math.floor((y + 0.5 - fit.top) * down);
    if (row < 0 || row >= map.height) continue;
    for (let x = 0; x < width; x += 1) {
      const column = columns[x] as number;
      if (column < 0 || column >= map.width) continue;
      const at = (row * map.width + column) * 4;
      const object = map.data[at + 2] as number;
      if (object > 0)
        ids[y * width + x] = (map.data[at] as number) + (map.data[at + 1] as number) * 256 + object * CLASSES;
    }
  }
  return ids;
}

/** Whether something else begins within `stroke` pixels; the end of the view is none. */
function isEdge(
  ids: Int32Array,
  { x, y, width, height }: { x: number; y: number; width: number; height: number },
  stroke: number,
): boolean {
  const at = y * width + x;
  const id = ids[at];
  for (let step = 1; step <= stroke; step += 1)
    if (
      (x + step < width && ids[at + step] !== id) ||
      (x >= step && ids[at - step] !== id) ||
      (y + step < height && ids[at + step * width] !== id) ||
      (y >= step && ids[at - step * width] !== id)
    )
      return true;
  return false;
}

function isGap(x: number, y: number): boolean {
  return Math.floor((x + y) / DASH_PX) % 2 === 1;
}

/** Part of the pixels of each class, most first; what has no class does not count. */
export function classShares(map: LabelMap): { classId: number; share: number }[] {
  const counts = new Map<number, number>();
  let all = 0;
  for (let at = 0; at < map.data.length; at += 4) {
    if (map.data[at + 2] === 0) continue;
    const id = (map.data[at] as number) + (map.data[at + 1] as number) * 256;
    counts.set(id, (counts.get(id) ?? 0) + 1);
    all += 1;
  }
  return [...counts]
    .map(([classId, count]) => ({ classId, share: count / all }))
    .sort((a, b) => b.share - a.share || a.classId - b.classId);
}

/** Part of the labelled pixels whose class is the same in both; null where sizes differ or nothing is labelled. */
export function pixelAgreement(truth: LabelMap, predicted: LabelMap): number | null {
  if (truth.width !== predicted.width || truth.height !== predicted.height) return null;
  let labelled = 0;
  let equal = 0;
  for (let at = 0; at < truth.data.length; at += 4) {
    if (truth.data[at + 2] === 0) continue;
    labelled += 1;
    const isSame =
      predicted.data[at + 2] !== 0 &&
      truth.data[at] === predicted.data[at] &&
      truth.data[at + 1] === predicted.data[at + 1];
    if (isSame) equal += 1;
  }
  return labelled === 0 ? null : equal / labelled;
}
