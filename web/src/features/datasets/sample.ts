import type { DatasetVersion, Layer, Sample } from './api';

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

/** Whether a model says anything about a sample. */
export function isAnswered({ prediction, predicted }: Pick<Sample, 'prediction' | 'predicted'>): boolean {
  return prediction !== null || predicted !== null;
}

/**
 * Whether people have said what is in a sample. Where a model's answers are being reviewed, a sample without a verdict
 * and without objects is one that nobody has looked at rather than one that is empty.
 */
export function isLabelled(
  { kind }: Pick<DatasetVersion, 'kind'>,
  { verdict, boxes, has_mask }: Pick<Sample, 'verdict' | 'boxes' | 'has_mask'>,
  layer: Pick<Layer, 'verdicts'> | undefined,
): boolean {
  if (kind === 'unlabelled') return false;
  const { accepted = 0, rejected = 0 } = layer?.verdicts ?? {};
  return verdict === 'accepted' || boxes.length > 0 || has_mask || accepted + rejected === 0;
}
