import { type FitView, fitImage } from './fit';
import { classColour, ON_CLASS_COLOUR } from './palette';

/** An object in pixels of the image. */
export interface OverlayBox {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
  class_id: number;
  label: string;
  score?: number | null;
  /** Marks on a face; null for one that was not set. */
  landmarks?: readonly (readonly number[] | null)[] | null;
  /** Drawn with dashes, as what a model says. */
  isPredicted?: boolean;
  /** False where another box says the same. */
  isTagged?: boolean;
  /** Instead of the colour of its class. */
  colour?: string;
  /** Instead of what `isPredicted` makes of it. */
  isDashed?: boolean;
}

export interface OverlayView extends FitView {
  names: boolean;
}

export interface PlacedBox {
  left: number;
  top: number;
  width: number;
  height: number;
  colour: string;
  isDashed: boolean;
  /** Empty where a tag would not fit or would cover another. */
  tag: string;
  tagLeft: number;
  tagTop: number;
  tagWidth: number;
}

export const TAG_HEIGHT = 15;
/** Boxes smaller than this on screen go without a tag. */
const SMALLEST_TAGGED = 26;
const SMALLEST_MARKED = 16;

/** A tag may be this much wider than its box; a wider one would stand over its neighbours. */
const WIDEST_TAG = 1.25;

/** What may stand in the tag of a box: its class and how sure the model is, or where that is too long the latter. */
function tagsOf({ label, score, isTagged }: OverlayBox): string[] {
  if (isTagged === false) return [];
  return score == null ? [label] : [`${label} ${score.toFixed(2)}`, score.toFixed(2)];
}

/**
 * Scales boxes into a view, and finds room for their tags: above the box, else inside, else below, else nowhere.
 * Larger boxes choose first.
 */
export function placeBoxes(
  boxes: OverlayBox[],
  view: OverlayView,
  measure: (text: string) => number,
): PlacedBox[] {
  const fit = fitImage(view);
  const placed = boxes.map((box): PlacedBox => {
    const left = box.x0 * fit.scale + fit.left;
    const width = (box.x1 - box.x0) * fit.scale;
    const tag = tagsOf(box).find((text) => measure(text) + 6 <= width * WIDEST_TAG) ?? '';
    return {
      left,
      top: box.y0 * fit.scale + fit.top,
      width,
      height: (box.y1 - box.y0) * fit.scale,
      colour: box.colour ?? classColour(box.class_id),
      isDashed: box.isDashed ?? box.isPredicted === true,
      tag,
      tagLeft: left,
      tagTop: 0,
      tagWidth: measure(tag) + 6,
    };
  });
  const taken: { left: number; top: number; right: number; bottom: number }[] = [];
  for (const box of [...placed].sort((a, b) => b.width * b.height - a.width * a.height)) {
    const isSmall = Math.max(box.width, box.height) < SMALLEST_TAGGED;
    const left = Math.max(0, Math.min(box.left, view.width - box.tagWidth));
    const tops = [box.top - TAG_HEIGHT, box.top, box.top + box.height];
    const spots = isSmall || box.tag === '' || !view.names ? [] : tops.filter((top) => top >= 0);
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

/** Marks of faces in the view, with their colour; on small faces they would be a blot. */
export function placeLandmarks(
  boxes: OverlayBox[],
  view: FitView,
): { x: number; y: number; colour: string }[] {
  const fit = fitImage(view);
  const seen = boxes.filter(({ x0, x1 }) => (x1 - x0) * fit.scale >= SMALLEST_MARKED);
  return seen.flatMap(({ landmarks, class_id }) =>
    (landmarks ?? []).flatMap((point) => {
      const [x, y] = point ?? [];
      if (x === undefined || y === undefined) return [];
      return [{ x: x * fit.scale + fit.left, y: y * fit.scale + fit.top, colour: classColour(class_id) }];
    }),
  );
}

const FONT = '600 10.5px "Inter Variable", sans-serif';
const DASH = [4, 3];

/** Readies a canvas of a view for the screen's density; null where there is no drawing. */
export function penOf(
  canvas: HTMLCanvasElement,
  { width, height }: { width: number; height: number },
): { pen: CanvasRenderingContext2D; density: number } | null {
  const density = screenDensity();
  canvas.width = Math.round(width * density);
  canvas.height = Math.round(height * density);
  const pen = canvas.getContext('2d');
  if (pen === null) return null;
  pen.scale(density, density);
  return { pen, density };
}

/** Pixels of the screen in a pixel of the page; above two the eye sees no difference. */
export function screenDensity(): number {
  return Math.min(2, globalThis.devicePixelRatio || 1);
}

/** Paints boxes and then their tags. Over masks boxes are not filled, and small ones, which would hide them, left out. */
export function paintBoxes(
  pen: CanvasRenderingContext2D,
  boxes: OverlayBox[],
  view: OverlayView,
  { isOverMasks }: { isOverMasks: boolean },
): void {
  pen.font = FONT;
  pen.textBaseline = 'middle';
  pen.lineWidth = 1.5;
  const all = placeBoxes(boxes, view, (text) => pen.measureText(text).width);
  const placed = isOverMasks
    ? all.filter(({ width, height }) => Math.max(width, height) >= SMALLEST_TAGGED)
    : all;
  for (const box of placed) {
    pen.strokeStyle = box.colour;
    pen.fillStyle = box.colour;
    pen.globalAlpha = 0.14;
    if (!isOverMasks && !box.isDashed) pen.fillRect(box.left, box.top, box.width, box.height);
    pen.globalAlpha = 1;
    pen.setLineDash(box.isDashed ? DASH : []);
    pen.strokeRect(box.left, box.top, box.width, box.height);
  }
  pen.setLineDash([]);
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

/** Paints the marks of faces as dots with a dark rim, which are seen on any picture. */
export function paintLandmarks(
  pen: CanvasRenderingContext2D,
  boxes: OverlayBox[],
  view: FitView,
  radius = 2,
): void {
  for (const { x, y, colour } of placeLandmarks(boxes, view)) {
    pen.beginPath();
    pen.arc(x, y, radius, 0, 2 * Math.PI);
    pen.fillStyle = colour;
    pen.fill();
    pen.lineWidth = 1;
    pen.strokeStyle = ON_CLASS_COLOUR;
    pen.stroke();
  }
}
