interface VersionName {
  name: string;
  version: number;
}

/** Address of a sample's image: 160 and 400 are made small on the server and kept for ever, `full` is the original. */
export function sampleImageUrl(
  project: string,
  version: VersionName,
  row: number,
  size: 160 | 400 | 'full',
): string {
  return `${sampleUrl(project, version, row)}/image${size === 'full' ? '' : `?size=${size}`}`;
}

/** Address of many small images at once, as a form of files named by their rows. */
export function thumbnailsUrl(
  project: string,
  version: VersionName,
  rows: number[],
  size: 160 | 400,
): string {
  const asked = new URLSearchParams(rows.map((row) => ['row', String(row)]));
  asked.set('size', String(size));
  return `${versionUrl(project, version)}/thumbnails?${asked}`;
}

/** Address of the image of a sample of a stored dataset that may be no version of any. */
export function artifactImageUrl(project: string, digest: string, row: number, size: 160 | 400): string {
  const parts = [project, 'artifacts', digest, 'samples', row].map(encodeURIComponent);
  return `/api/v1/projects/${parts.join('/')}/image?size=${size}`;
}

/** Address of a sample's masks as a picture of classes, within `size` pixels; kept for ever. */
export function sampleMaskUrl(
  project: string,
  version: VersionName,
  row: number,
  { layer, size }: { layer: string; size: 160 | 400 | 1200 },
): string {
  return `${sampleUrl(project, version, row)}/mask?layer=${encodeURIComponent(layer)}&size=${size}`;
}

function sampleUrl(project: string, version: VersionName, row: number): string {
  return `${versionUrl(project, version)}/samples/${row}`;
}

function versionUrl(project: string, { name, version }: VersionName): string {
  const parts = [project, 'datasets', name, 'versions', version].map(encodeURIComponent);
  return `/api/v1/projects/${parts.join('/')}`;
}

/** Rows of `count` samples spread over a dataset, so that a sorted one does not show a single class. */
export function spreadRows(numSamples: number, count: number): number[] {
  const shown = Math.min(count, numSamples);
  return Array.from({ length: shown }, (_, index) => Math.floor(((index + 0.5) * numSamples) / shown));
}
