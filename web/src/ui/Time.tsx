import { useEffect, useState } from 'react';
import { useFormat } from '@/i18n/format';
import { every } from './clock';

/** A moment as `5 min. ago`, with the date and time on hover. It keeps up with the clock. */
export function Time({ at, className }: { at: string; className?: string }) {
  const { relative, absolute } = useFormat();
  useNow(30_000);
  return (
    <time dateTime={at} title={absolute(at)} className={className}>
      {relative(at)}
    </time>
  );
}

/** A day, with the time on hover: for ends that lie weeks ahead. */
export function Day({ at, className }: { at: string; className?: string }) {
  const { day, absolute } = useFormat();
  return (
    <time dateTime={at} title={absolute(at)} className={className}>
      {day(at)}
    </time>
  );
}

/** How long it is since a moment, by the second. */
export function Elapsed({ since }: { since: string }) {
  const { duration } = useFormat();
  const now = useNow(1000);
  return duration(Math.max(0, (now - Date.parse(since)) / 1000));
}

/** The clock, every `everyMs`; a component that uses it is drawn anew then. Null stops it. */
export function useNow(everyMs: number | null): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (everyMs === null) return undefined;
    return every(everyMs, setNow);
  }, [everyMs]);
  return now;
}
