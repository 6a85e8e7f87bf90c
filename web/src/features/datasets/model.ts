import type { Statistics } from './api';

/** Samples fetched at a time. */
export const PAGE_SIZE = 200;

/** One line of the label facet. */
export interface LabelFacet {
  name: string;
  classId: number;
  count: number;
  /** Part of the most frequent label's count, for the line below. */
  share: number;
}

/**
 * Labels with their numbers, most frequent first: samples for a classification, objects for a detection. With a
 * split, those of the split.
 */
export function labelFacets(statistics: Statistics, split: string | null): LabelFacet[] {
  const classes = statistics.classes ?? [];
  const facets = classes.map((item) => {
    const count = split === null ? (item.num_objects ?? item.num_samples) : (item.splits[split] ?? 0);
    return { name: item.name, classId: item.class_id, count, share: 0 };
  });
  const most = Math.max(1, ...facets.map(({ count }) => count));
  for (const facet of facets) facet.share = facet.count / most;
  return facets.sort((a, b) => b.count - a.count || a.classId - b.classId);
}

/** Aspect of a typical picture, for places whose pictures are not known yet. */
export function typicalAspect(statistics: Statistics | undefined): number {
  const images = statistics?.images;
  return images?.height.median ? images.width.median / images.height.median : 4 / 3;
}

/** Small squares of pixels, such as digits, are shown sharp rather than blurred. */
export function isTiny(width: number | null | undefined): boolean {
  return width !== null && width !== undefined && width <= 64;
}

/** The cursor of the page after a place in the list, so that the grid may jump anywhere. */
export function cursorAfter(position: number): string | null {
  return position < 0
    ? null
    : btoa(String(position)).replace(/=+$/, '').replaceAll('+', '-').replaceAll('/', '_');
}

const NAME = /^[a-z0-9][a-z0-9_.-]{0,62}$/;

export function isDatasetName(name: string): boolean {
  return NAME.test(name);
}

/** A name made from that of a file or folder: `Street Scenes.zip` gives `street-scenes`. */
export function suggestName(source: string): string {
  return source
    .replace(/\.(zip|tar|tgz|tar\.(gz|bz2|xz)|csv|jsonl|parquet|tfrecord)$/i, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9_.-]+/g, '-')
    .replaceAll(/^[^a-z0-9]+|-+$/g, '')
    .slice(0, 63);
}

export function isWebAddress(text: string): boolean {
  return /^(https?|s3|gs|az):\/\/[^\s/]+/.test(text.trim()) && URL.canParse(text.trim());
}

/** The file that a web address names: `https://a.org/x/Street%20Scenes.zip?key=1` gives `Street Scenes.zip`. */
export function fileOf(url: string): string {
  if (!isWebAddress(url)) return '';
  const last = new URL(url.trim()).pathname.split('/').at(-1) ?? '';
  try {
    return decodeURIComponent(last);
  } catch {
    return last; // a stray `%`
  }
}

export interface VersionDifference {
  samples: number;
  bytes: number;
  addedClasses: string[];
  removedClasses: string[];
  splits: { name: string; before: number; after: number }[];
}

interface Version {
  num_samples: number;
  size_bytes: number;
  class_names: string[];
  splits: Record<string, number>;
}

/** What changed from one version to the next. */
export function difference(before: Version, after: Version): VersionDifference {
  const names = [...new Set([...Object.keys(before.splits), ...Object.keys(after.splits)])];
  return {
    samples: after.num_samples - before.num_samples,
    bytes: after.size_bytes - before.size_bytes,
    addedClasses: after.class_names.filter((name) => !before.class_names.includes(name)),
    removedClasses: before.class_names.filter((name) => !after.class_names.includes(name)),
    splits: names
      .map((name) => ({ name, before: before.splits[name] ?? 0, after: after.splits[name] ?? 0 }))
      .filter((split) => split.before !== split.after),
  };
}
