import { useCallback, useEffect, useRef, useState } from 'react';
import { useLive } from '@/api/live';
import { readLog } from '../api';
import { PAGE_LINES, Pages, pagesOf } from '../log';

const POLL_MS = 5000; // only a safety net: growth is told by live events

export interface LogState {
  numLines: number;
  sizeBytes: number;
  isFinal: boolean;
  error: unknown;
  isLoaded: boolean;
  /** A line, when it has been fetched. */
  line: (number: number) => string | undefined;
  /** Fetch what these lines need. */
  want: (first: number, end: number) => void;
}

/** The lines of a log, fetched by page as they come into view; it grows while the task goes on. */
export function useLog(
  project: string,
  taskId: number,
  attempt: number | undefined,
  isGoing: boolean,
): LogState {
  const pages = useRef(new Pages());
  const asked = useRef(new Set<number>());
  const [head, setHead] = useState({ numLines: 0, sizeBytes: 0, isFinal: false, isLoaded: false });
  const [error, setError] = useState<unknown>(null);
  const [, redraw] = useState(0);
  const known = useRef(0);

  const fetchPage = useCallback(
    async (page: number) => {
      if (asked.current.has(page)) return;
      asked.current.add(page);
      try {
        const answer = await readLog(project, taskId, page * PAGE_LINES, PAGE_LINES, attempt);
        pages.current.put(page, answer.lines);
        known.current = answer.num_lines;
        setHead({
          numLines: answer.num_lines,
          sizeBytes: answer.size_bytes,
          isFinal: answer.is_final,
          isLoaded: true,
        });
        setError(null);
        redraw((count) => count + 1);
      } catch (problem) {
        setError(problem);
      } finally {
        asked.current.delete(page);
      }
    },
    [project, taskId, attempt],
  );

  /** Ask how long the log is by now, with its newest page. */
  const refresh = useCallback(
    () => void fetchPage(Math.max(0, Math.floor((known.current - 1) / PAGE_LINES))),
    [fetchPage],
  );

  useEffect(() => {
    pages.current.clear();
    known.current = 0;
    setHead({ numLines: 0, sizeBytes: 0, isFinal: false, isLoaded: false });
    refresh();
  }, [refresh]);

  useLive([`task:${taskId}`], ({ type }) => type !== 'metrics' && refresh(), { isEnabled: isGoing });
  useEffect(() => {
    if (!isGoing) return refresh();
    const timer = setInterval(refresh, POLL_MS);
    return () => clearInterval(timer);
  }, [isGoing, refresh]);

  const want = useCallback(
    (first: number, end: number) => {
      for (const page of pagesOf(first, end)) {
        if (pages.current.lacks(page, known.current)) void fetchPage(page);
      }
    },
    [fetchPage],
  );
  const line = useCallback((number: number) => pages.current.line(number), []);
  return { ...head, error, line, want };
}
