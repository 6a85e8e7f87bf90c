import type { Box } from '../api';

/** Whose word: people's labels, or a model's answers. */
export type Source = 'labels' | 'predictions';

/** What is pointed at: one object, or a class in either source. */
export interface Focus {
  source?: Source;
  index?: number;
  classId?: number;
}

/** Whether an object is meant by what is pointed at; everything is when nothing is. */
export function isLit(
  focus: Focus | null,
  { source, index, box }: { source: Source; index: number; box: Pick<Box, 'class_id'> },
): boolean {
  if (focus === null) return true;
  if (focus.classId !== undefined) return box.class_id === focus.classId;
  return focus.source === source && focus.index === index;
}

/** Polygons as the path of an SVG, each closed. */
export function outlinePath(polygons: readonly (readonly number[])[]): string {
  return polygons
    .map((polygon) => {
      const points: string[] = [];
      for (let at = 0; at + 1 < polygon.length; at += 2) points.push(`${polygon[at]},${polygon[at + 1]}`);
      return points.length === 0 ? '' : `M${points.join('L')}Z`;
    })
    .join('');
}

export interface LegendLine {
  classId: number;
  label: string;
  /** Objects of the class. */
  count: number | null;
  /** Part of the pixels. */
  share: number | null;
}

/**
 * Classes of a sample: of its objects with their number, of its pixels with their part. Classes that `others` alone
 * have, as predictions, come with none.
 */
export function legendOf(
  boxes: readonly Pick<Box, 'class_id' | 'label'>[],
  shares: readonly { classId: number; share: number }[],
  names: readonly string[],
  others: readonly Pick<Box, 'class_id' | 'label'>[] = [],
): LegendLine[] {
  const lines = new Map<number, LegendLine>();
  for (const { class_id, label } of boxes) {
    const line = lines.get(class_id) ?? { classId: class_id, label, count: 0, share: null };
    lines.set(class_id, { ...line, count: (line.count ?? 0) + 1 });
  }
  for (const { class_id, label } of others)
    if (!lines.has(class_id)) lines.set(class_id, { classId: class_id, label, count: 0, share: null });
  if (lines.size === 0)
    for (const { classId, share } of shares)
      lines.set(classId, { classId, label: names[classId] ?? String(classId), count: null, share });
  return [...lines.values()].sort(
    (a, b) => (b.count ?? b.share ?? 0) - (a.count ?? a.share ?? 0) || a.classId - b.classId,
  );
}
