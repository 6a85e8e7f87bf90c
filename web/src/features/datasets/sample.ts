import type { Sample } from './api';

/** Whether a model's answer differs from the label; without both it is neither right nor wrong. */
export function isWrong({ class_id, prediction }: Pick<Sample, 'class_id' | 'prediction'>): boolean {
  return class_id !== null && prediction !== null && class_id !== prediction.class_id;
}

/** A sample in words, for readers: `a/b.png, cat` or `a/b.png, 2 car, 1 person`. */
export function describeSample({ key, label, boxes }: Pick<Sample, 'key' | 'label' | 'boxes'>): string {
  const counts = new Map<string, number>();
  for (const box of boxes) counts.set(box.label, (counts.get(box.label) ?? 0) + 1);
  const objects = [...counts].map(([name, count]) => `${count} ${name}`);
  return [key, label, ...objects].filter(Boolean).join(', ');
}
