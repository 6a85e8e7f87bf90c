import { useEffect, useRef } from 'react';
import { cx } from '@/ui/cx';
import { Thumb } from '@/ui/Thumb';
import { type OverlayBox, paintBoxes, penOf } from '@/viz/overlay';

interface OutcomePictureProps {
  src: string;
  boxes: OverlayBox[];
  /** Of the image, in pixels; without it nothing can be drawn in its place. */
  size: { width: number | null; height: number | null };
  /** Whole, with names of boxes; else it fills its place, without. */
  isWhole?: boolean;
  className?: string;
}

/** A picture with the boxes of objects and answers over it. */
export function OutcomePicture({ src, boxes, size, isWhole = false, className }: OutcomePictureProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { width, height } = size;
  useEffect(() => {
    const place = canvas.current;
    if (place === null || width === null || height === null) return;
    const view = {
      width: place.clientWidth,
      height: place.clientHeight,
      imageWidth: width,
      imageHeight: height,
      fit: isWhole ? ('contain' as const) : ('cover' as const),
      names: isWhole,
    };
    const made = penOf(place, view);
    if (made !== null) paintBoxes(made.pen, boxes, view, { isOverMasks: false });
  }, [boxes, width, height, isWhole]);
  return (
    <span className={cx('relative block overflow-hidden', className)}>
      <Thumb src={src} isWhole={isWhole} className="size-full" />
      <canvas ref={canvas} aria-hidden className="pointer-events-none absolute inset-0 size-full" />
    </span>
  );
}
