import { useEffect, useMemo, useState } from 'react';
import { type ThumbSize, type Thumbs, thumbsOf } from './thumbs';

/** The small pictures of a version, in both sizes, for as long as they are looked at. */
export function useThumbs(
  project: string,
  { name, version }: { name: string; version: number },
): Record<ThumbSize, Thumbs> {
  const thumbs = useMemo(
    () => ({
      160: thumbsOf(project, { name, version }, 160),
      400: thumbsOf(project, { name, version }, 400),
    }),
    [project, name, version],
  );
  useEffect(
    () => () => {
      thumbs[160].close();
      thumbs[400].close();
    },
    [thumbs],
  );
  return thumbs;
}

/** The address of a small picture: undefined while it is on its way, null when it cannot be had. */
export function useThumb(thumbs: Thumbs, row: number, isInSight: boolean): string | null | undefined {
  const [arrived, setArrived] = useState<{ thumbs: Thumbs; row: number; url: string | null } | null>(null);
  const kept = thumbs.url(row);
  const isHere = kept !== undefined;
  useEffect(
    () => (isHere ? undefined : thumbs.want(row, isInSight, (url) => setArrived({ thumbs, row, url }))),
    [thumbs, row, isHere, isInSight],
  );
  if (isHere) return kept;
  return arrived?.thumbs === thumbs && arrived.row === row ? arrived.url : undefined;
}
