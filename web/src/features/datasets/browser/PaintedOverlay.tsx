import { useEffect, useRef } from 'react';
import { sampleMaskUrl } from '@/api/thumbnails';
import { type FitView, fitImage } from '@/viz/fit';
import { loadLabelMap } from '@/viz/labelMaps';
import { paintBoxes, paintLandmarks, penOf, screenDensity } from '@/viz/overlay';
import { type LabelMap, tint } from '@/viz/tint';
import type { DatasetVersion, Sample } from '../api';
import { type MaskLayer, overlayOf } from './overlays';
import type { DrawnView } from './view';

interface PaintedOverlayProps {
  project: string;
  version: DatasetVersion;
  sample: Sample;
  width: number;
  height: number;
  view: DrawnView;
  fit: 'cover' | 'contain';
}

/** What is known of a picture, over it: masks, boxes, marks and tags on one canvas that is painted once. */
export function PaintedOverlay({ project, version, sample, width, height, view, fit }: PaintedOverlayProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    let isGone = false;
    const { boxes, masks } = overlayOf(sample, view);
    const place = {
      width,
      height,
      imageWidth: sample.width ?? width,
      imageHeight: sample.height ?? height,
      fit,
    };
    const size = Math.max(width, height) * screenDensity() > 200 ? 400 : 160;
    const load = masks.map(({ layer }) =>
      loadLabelMap(sampleMaskUrl(project, version, sample.row, { layer, size })),
    );
    // A mask that cannot be read is told in the sample's detail; the rest is drawn without it.
    const maps = Promise.all(load.map((map) => map.catch(() => null)));
    void Promise.all([maps, fonts()]).then(([loaded]) => {
      if (isGone || canvas.current === null) return;
      const made = penOf(canvas.current, place);
      if (made === null) return;
      const { pen, density } = made;
      for (const [index, map] of loaded.entries())
        if (map !== null)
          paintMask(pen, map, place, {
            ...(masks[index] as MaskLayer),
            density,
            isOver: index > 0,
            hidden: view.hidden,
          });
      if (view.boxes)
        paintBoxes(pen, boxes, { ...place, names: view.names }, { isOverMasks: masks.length > 0 });
      if (view.landmarks) paintLandmarks(pen, boxes, place);
    });
    return () => {
      isGone = true;
    };
  }, [project, version, sample, width, height, view, fit]);
  return (
    <canvas
      ref={canvas}
      aria-hidden
      style={{ opacity: view.opacity }}
      className="pointer-events-none absolute inset-0 size-full"
    />
  );
}

interface MaskStyle extends MaskLayer {
  density: number;
  /** Whether another mask lies below; then there is a line alone. */
  isOver?: boolean;
  only?: number | null;
  hidden?: readonly number[];
}

/** Tints a mask under what is painted later. */
export function paintMask(
  pen: CanvasRenderingContext2D,
  map: LabelMap,
  view: FitView,
  { density, isOver, isPredicted, only, hidden }: MaskStyle,
): void {
  const width = Math.round(view.width * density);
  const height = Math.round(view.height * density);
  if (width === 0 || height === 0) return;
  const image = { width: view.imageWidth, height: view.imageHeight };
  const fit = fitImage({ ...view, width, height });
  const stroke = Math.floor(1.5 * density);
  const style = { fill: isOver ? 0 : 0.4, stroke, isDashed: isPredicted, only, hidden };
  const layer = new OffscreenCanvas(width, height);
  layer
    .getContext('2d')
    ?.putImageData(new ImageData(tint(map, { width, height, fit, image }, style), width, height), 0, 0);
  pen.drawImage(layer, 0, 0, view.width, view.height);
}

/** Canvas text falls back to another font when it is drawn before the web font is there. */
const FONT = '600 10.5px "Inter Variable"';

async function fonts(): Promise<void> {
  if (typeof document.fonts?.check !== 'function' || document.fonts.check(FONT)) return;
  await document.fonts.load(FONT).catch(() => undefined);
}
