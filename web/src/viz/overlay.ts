import { classColour, ON_CLASS_COLOUR } from './palette';

/** A box in pixels of the image. */
export interface OverlayBox {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
  class_id: number;
  label: string;
  score?: number | null;
}

export interface PlacedBox {
  left: number;
  top: number;
  width: number;
  height: number;
  colour: string;
  /** Empty where a tag would not fit or would cover another. */
  tag: string;
  tagLeft: number;
  tagTop: number;
  tagWidth: number;
}

export const TAG_HEIGHT = 15;
/** Boxes smaller than this on screen go without a tag. */
const SMALLEST_TAGGED = 26;

/**
 * Scales boxes into a view of `width` by `height`, and finds room for their tags: above the box, else inside, else
 * nowhere. Larger boxes choose first.
 */
export function placeBoxes(
  boxes: OverlayBox[],
  view: { width: number; height: number; imageWidth: number; imageHeight: number; names: boolean },
  measure: (text: string) => number,
): PlacedBox[] {
  const scaleX = view.width / view.imageWidth;
  const scaleY = view.height / view.imageHeight;
  const placed = boxes.map((box): PlacedBox => {
    const left = box.x0 * scaleX;
    const top = box.y0 * scaleY;
    const width = (box.x1 - box.x0) * scaleX;
    const height = (box.y1 - box.y0) * scaleY;
    const tag = box.score == null ? box.label : `${box.label} ${box.score.toFixed(2)}`;
    const tagWidth = measure(tag) + 6;
    return {
      left,
      top,
      width,
      height,
      colour: classColour(box.class_id),
      tag,
      tagLeft: left,
      tagTop: 0,
      tagWidth,
    };
  });
  const taken: { left: number; top: number; right: number; bottom: number }[] = [];
  for (const box of [...placed].sort((a, b) => b.width * b.height - a.width * a.height)) {
    const isSmall = Math.max(box.width, box.height) < SMALLEST_TAGGED;
    const left = Math.max(0, Math.min(box.left, view.width - box.tagWidth));
    const spots = isSmall || !view.names ? [] : [box.top - TAG_HEIGHT, box.top].filter((top) => top >= 0);
    const spot = spots.find(
      (top) =>
        top + TAG_HEIGHT <= view.height &&
        !taken.some(
          (other) =>
            left < other.right &&
            left + box.tagWidth > other.left &&
            top < other.bottom &&
            top + TAG_HEIGHT > other.top,
        ),
    );
    if (spot === undefined) box.tag = '';
    else {
      box.tagTop = spot;
      box.tagLeft = left;
      taken.push({ left, top: spot, right: left + box.tagWidth, bottom: spot + TAG_HEIGHT });
    }
  }
  return placed;
}

const FONT = '600 10.5px "Inter Variable", sans-serif';

/** Paints boxes with their tags, once; the canvas is sized to the view and the screen's density. */
export function paintBoxes(
  canvas: HTMLCanvasElement,
  boxes: OverlayBox[],
  view: { width: number; height: number; imageWidth: number; imageHeight: number; names: boolean },
): void {
  const density = Math.min(2, globalThis.devicePixelRatio || 1);
  canvas.width = Math.round(view.width * density);
  canvas.height = Math.round(view.height * density);
  const pen = canvas.getContext('2d');
  if (pen === null) return;
  pen.scale(density, density);
  pen.font = FONT;
  pen.textBaseline = 'middle';
  const placed = placeBoxes(boxes, view, (text) => pen.measureText(text).width);
  for (const box of placed) {
    pen.strokeStyle = box.colour;
    pen.lineWidth = 1.5;
    pen.fillStyle = box.colour;
    pen.globalAlpha = 0.14;
    pen.fillRect(box.left, box.top, box.width, box.height);
    pen.globalAlpha = 1;
    pen.strokeRect(box.left, box.top, box.width, box.height);
  }
  for (const box of placed) {
    if (box.tag === '') continue;
    pen.fillStyle = box.colour;
    pen.beginPath();
    pen.roundRect(box.tagLeft, box.tagTop, box.tagWidth, TAG_HEIGHT, 2);
    pen.fill();
    pen.fillStyle = ON_CLASS_COLOUR;
    pen.fillText(box.tag, box.tagLeft + 3, box.tagTop + TAG_HEIGHT / 2 + 0.5);
  }
}
