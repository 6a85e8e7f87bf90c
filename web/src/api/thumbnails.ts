/** Address of a sample's image: 160 and 400 are made small on the server and kept for ever, `full` is the original. */
export function sampleImageUrl(
  project: string,
  { name, version }: { name: string; version: number },
  row: number,
  size: 160 | 400 | 'full',
): string {
  const parts = [project, 'datasets', name, 'versions', version, 'samples', row].map(encodeURIComponent);
  return `/api/v1/projects/${parts.join('/')}/image${size === 'full' ? '' : `?size=${size}`}`;
}

/** Rows of `count` samples spread over a dataset, so that a sorted one does not show a single class. */
export function spreadRows(numSamples: number, count: number): number[] {
  const shown = Math.min(count, numSamples);
  return Array.from({ length: shown }, (_, index) => Math.floor(((index + 0.5) * numSamples) / shown));
}
