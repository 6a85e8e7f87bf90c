/** Colours of classes over photos, the same in both themes; text on them is dark. */
export const CLASS_COLOURS = [
  '#4cc9f0',
  '#f9a03f',
  '#b388ff',
  '#5be49b',
  '#ff6f91',
  '#ffd84d',
  '#6ea8ff',
  '#ff8f5c',
  '#7ae7c7',
  '#d78bff',
] as const;

export const ON_CLASS_COLOUR = '#10131a';

/** The colour of a class by its index; a sample without a class is grey. */
export function classColour(classId: number | null | undefined): string {
  if (classId === null || classId === undefined || classId < 0) return '#aab3c0';
  return CLASS_COLOURS[classId % CLASS_COLOURS.length] as string;
}

/** Colours of parts of a whole, as of splits: from the theme, and told apart without it. */
export const PART_COLOURS = [
  'var(--accent)',
  'var(--kind-dataset)',
  'var(--warning)',
  'var(--kind-infer)',
  'var(--kind-test)',
  'var(--queued)',
];
