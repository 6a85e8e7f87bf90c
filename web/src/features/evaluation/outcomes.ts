import type { OverlayBox } from '@/viz/overlay';
import type { DetectedObject, DetectedSample } from './api';

export type ObjectOutcome = DetectedObject['outcome'];

/** Over photos, the same in both themes. */
export const OUTCOME_COLOURS: Record<ObjectOutcome, string> = {
  right: '#5be49b',
  wrong: '#f9a03f',
  missed: '#ffe066',
  false_alarm: '#ff6b6b',
  ignored: '#aab3c0',
};

/** What is drawn of a picture in a grid: what the figure counts, or everything where it counts nothing there. */
export function countedObjects(objects: DetectedObject[]): DetectedObject[] {
  const counted = objects.filter(({ is_counted }) => is_counted);
  return counted.length > 0 ? counted : objects;
}

/**
 * Answers are drawn solid, objects that got none or one of another class with dashes. Of a right one the answer alone
 * is drawn, unless `isWhole` asks for both.
 */
export function outcomeBoxes(objects: DetectedObject[], { isWhole = false } = {}): OverlayBox[] {
  return objects.flatMap((one) => {
    const colour = OUTCOME_COLOURS[one.outcome];
    const boxes: OverlayBox[] = [];
    const hasOwnBox = one.answer_box === null || one.outcome === 'wrong' || isWhole;
    if (one.object_box !== null && hasOwnBox)
      boxes.push({
        ...cornersOf(one.object_box),
        class_id: one.label_id ?? -1,
        label: one.label ?? '',
        isTagged: one.answer_box === null,
        isDashed: true,
        colour,
      });
    if (one.answer_box !== null)
      boxes.push({
        ...cornersOf(one.answer_box),
        class_id: one.predicted_id ?? -1,
        label: one.outcome === 'wrong' ? `${one.predicted} ≠ ${one.label}` : (one.predicted ?? ''),
        score: one.score,
        isDashed: false,
        colour,
      });
    return boxes;
  });
}

function cornersOf([x0 = 0, y0 = 0, x1 = 0, y1 = 0]: number[]): Pick<OverlayBox, 'x0' | 'y0' | 'x1' | 'y1'> {
  return { x0, y0, x1, y1 };
}

/** How often each outcome is in a picture, those that are not left out. */
export function countsOf(sample: DetectedSample): { outcome: ObjectOutcome; count: number }[] {
  return [
    { outcome: 'right' as const, count: sample.num_right },
    { outcome: 'wrong' as const, count: sample.num_wrong },
    { outcome: 'missed' as const, count: sample.num_missed },
    { outcome: 'false_alarm' as const, count: sample.num_false_alarms },
  ].filter(({ count }) => count > 0);
}
