import { readProblem } from '@/api/problem';
import type { LabelMap } from './tint';

/** Masks of a screenful or two; the browser's cache holds the files of more. */
const KEPT = 120;
const maps = new Map<string, Promise<LabelMap>>();

/** The pixels of a mask, exactly as sent: colours are numbers here, so no colour profile may touch them. */
export function loadLabelMap(url: string): Promise<LabelMap> {
  const known = maps.get(url);
  if (known !== undefined) return known;
  const loading = read(url);
  maps.set(url, loading);
  loading.catch(() => maps.delete(url));
  for (const old of maps.keys()) {
    if (maps.size <= KEPT) break;
    maps.delete(old);
  }
  return loading;
}

async function read(url: string): Promise<LabelMap> {
  const answer = await fetch(url);
  if (!answer.ok) throw await readProblem(answer);
  const bitmap = await createImageBitmap(await answer.blob(), {
    colorSpaceConversion: 'none',
    premultiplyAlpha: 'none',
  });
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  if (pen === null) throw new Error('This browser gives no canvas to read a mask with.');
  pen.drawImage(bitmap, 0, 0);
  const { width, height } = bitmap;
  bitmap.close();
  return { width, height, data: pen.getImageData(0, 0, width, height).data };
}
