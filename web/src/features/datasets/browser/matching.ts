import type { Box } from '../api';

/** Overlap from which a prediction counts as found, as in most evaluations. */
export const IOU = 0.5;

export type TruthState = 'matched' | 'missed';
/** `class`: the place is right and the class is not; `place`: there is no such object. */
export type PredictionState = 'matched' | 'class' | 'place';

export interface Matching {
  truth: TruthState[];
  /** Null for predictions that are not sure enough. */
  predicted: (PredictionState | null)[];
  matched: number;
  missed: number;
  wrong: number;
}

type Area = Pick<Box, 'x0' | 'y0' | 'x1' | 'y1'>;

/** Intersection over union of two boxes. */
export function overlap(a: Area, b: Area): number {
  const width = Math.min(a.x1, b.x1) - Math.max(a.x0, b.x0);
  const height = Math.min(a.y1, b.y1) - Math.max(a.y0, b.y0);
  if (width <= 0 || height <= 0) return 0;
  const both = width * height;
  return both / (areaOf(a) + areaOf(b) - both);
}

function areaOf({ x0, y0, x1, y1 }: Area): number {
  return (x1 - x0) * (y1 - y0);
}

/**
 * Pairs predictions with labels, the surest first, each with the label of its class that it overlaps most and that
 * is still free. What is left over is wrong, and a label that is left over is missed.
 */
export function matchBoxes(
  truth: Box[],
  predicted: Box[],
  { iou = IOU, minScore = 0 }: { iou?: number; minScore?: number } = {},
): Matching {
  const states: TruthState[] = truth.map(() => 'missed');
  const answers: (PredictionState | null)[] = predicted.map(() => null);
  const order = predicted
    .map((box, index) => ({ box, index, score: box.score ?? 1 }))
    .filter(({ score }) => score >= minScore)
    .sort((a, b) => b.score - a.score || a.index - b.index);
  for (const { box, index } of order) {
    const best = truth
      .map((label, place) => ({ place, label, overlap: overlap(label, box) }))
      .filter((found) => found.overlap >= iou)
      .sort((a, b) => b.overlap - a.overlap);
    const free = best.find(
      ({ place, label }) => label.class_id === box.class_id && states[place] === 'missed',
    );
    if (free) states[free.place] = 'matched';
    answers[index] = free
      ? 'matched'
      : best.some(({ label }) => label.class_id !== box.class_id)
        ? 'class'
        : 'place';
  }
  const matched = states.filter((state) => state === 'matched').length;
  return {
    truth: states,
    predicted: answers,
    matched,
    missed: states.length - matched,
    wrong: answers.filter((state) => state === 'class' || state === 'place').length,
  };
}
