import { useQuery } from '@tanstack/react-query';
import { ArrowDownToLine, ChevronDown, ChevronUp, CircleAlert, ScrollText } from 'lucide-react';
import { type KeyboardEvent, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { logErrorQuery } from '@/api/tasks';
import { later } from '@/i18n';
import { useFormat } from '@/i18n/format';
import { Button } from '@/ui/Button';
import { CopyButton } from '@/ui/CodeBlock';
import { cx } from '@/ui/cx';
import { EmptyState } from '@/ui/EmptyState';
import { ErrorState } from '@/ui/ErrorState';
import { IconButton } from '@/ui/IconButton';
import { useQueryState } from '@/ui/routing';
import { Toggle } from '@/ui/SegmentedControl';
import { SkeletonRows } from '@/ui/Skeleton';
import { SearchField } from '@/ui/TextField';
import { toast } from '@/ui/Toast';
import { searchLog } from '../api';
import {
  ERROR_WORDS,
  firstError,
  LINE_HEIGHT,
  levelOf,
  lineOf,
  marked,
  nextMatch,
  plain,
  scrollTo,
  type Window,
  windowOf,
} from '../log';
import { type LogState, useLog } from './useLog';

const MAX_MATCHES = 5000;
const SEARCH_AFTER_MS = 250;

interface LogViewProps {
  project: string;
  taskId: number;
  attempt: number | undefined;
  isGoing: boolean;
  /** It opens where it tells of the error, unless the address names a line. */
  hasFailed: boolean;
}

/** A log of any length: only what is in view is fetched and drawn, and the server searches. */
export function LogView({ project, taskId, attempt, isGoing, hasFailed }: LogViewProps) {
  const { t } = useTranslation('runs');
  const format = useFormat();
  const [query, setQuery] = useQueryState();
  const log = useLog(project, taskId, attempt, isGoing);
  const chosen = query.line === undefined ? null : lineOf(Number(query.line), log.numLines);
  const error = useQuery({
    ...logErrorQuery(project, taskId, attempt),
    enabled: hasFailed && chosen === null,
  });
  const fromEnd = error.data?.from_end ?? null;
  const start = chosen ?? (fromEnd === null ? null : lineOf(-fromEnd, log.numLines));
  const [isFollowing, setFollowing] = useState(isGoing && chosen === null);
  const [search, setSearch] = useState('');
  const found = useSearch(project, taskId, attempt, search);
  const pane = useRef<{ show: (line: number) => void }>(null);
  const matches = found.data?.matches ?? [];

  const show = (line: number) => {
    setFollowing(false);
    setQuery({ line: String(line + 1) });
    pane.current?.show(line);
  };
  const step = (by: 1 | -1) => {
    const line = nextMatch(matches, chosen, by);
    if (line !== null) show(line);
  };
  const toFirstError = async () => {
    const answers = await Promise.all(
      ERROR_WORDS.map((word) => searchLog(project, taskId, word, 50, attempt).catch(() => null)),
    );
    const line = firstError(answers.flatMap((answer) => answer?.matches ?? []));
    if (line === null) toast({ tone: 'info', title: later('runs', 'log.noError') });
    else show(line);
  };
  if (log.error) return <ErrorState error={log.error} />;
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <div className="flex h-10 shrink-0 items-center gap-2 border-b border-line px-6">
        <SearchField
          label={t('log.search')}
          value={search}
          onChange={setSearch}
          className="w-72 [&_input]:h-7! [&_svg]:top-1.5!"
        />
        {search !== '' && found.data && (
          <span role="status" className="text-12 whitespace-nowrap text-fg-2">
            {t('log.matches', { count: found.data.num_matches })}
          </span>
        )}
        {matches.length > 0 && (
          <>
            <IconButton
              size="small"
              icon={ChevronUp}
              label={t('log.previous')}
              keys="⇧N"
              onPress={() => step(-1)}
            />
            <IconButton
              size="small"
              icon={ChevronDown}
              label={t('log.next')}
              keys="N"
              onPress={() => step(1)}
            />
          </>
        )}
        <span className="flex-1" />
        <span className="text-12 whitespace-nowrap text-fg-3">
          {t('log.size', {
            count: log.numLines,
            lines: format.count(log.numLines),
            size: format.bytes(log.sizeBytes),
          })}
        </span>
        <Button size="small" variant="quiet" onPress={() => void toFirstError()}>
          <CircleAlert aria-hidden />
          {t('log.firstError')}
        </Button>
        <Toggle isSelected={isFollowing} onChange={setFollowing}>
          <ArrowDownToLine aria-hidden />
          {t('log.follow')}
        </Toggle>
      </div>
      {!log.isLoaded || error.isLoading ? (
        <SkeletonRows className="p-6" />
      ) : log.numLines === 0 ? (
        <EmptyState icon={ScrollText} title={isGoing ? t('log.nothingYet') : t('log.nothing')} />
      ) : (
        <Pane
          ref={pane}
          log={log}
          chosen={chosen}
          start={start}
          search={search}
          isFollowing={isFollowing}
          onFollow={setFollowing}
          onChoose={(line) => setQuery({ line: String(line + 1) })}
          onStep={step}
          label={t('task.log')}
        />
      )}
    </div>
  );
}

/** Searched on the server, a moment after the last letter. */
function useSearch(project: string, taskId: number, attempt: number | undefined, text: string) {
  const [asked, setAsked] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setAsked(text), SEARCH_AFTER_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return useQuery({
    queryKey: ['log', project, taskId, attempt, 'search', asked],
    queryFn: () => searchLog(project, taskId, asked, MAX_MATCHES, attempt),
    enabled: asked !== '',
    gcTime: 30_000,
  });
}

interface PaneProps {
  ref: React.Ref<{ show: (line: number) => void }>;
  log: LogState;
  /** The line of the address. */
  chosen: number | null;
  /** The line that is in view at first. */
  start: number | null;
  search: string;
  isFollowing: boolean;
  onFollow: (isFollowing: boolean) => void;
  onChoose: (line: number) => void;
  onStep: (by: 1 | -1) => void;
  label: string;
}

function Pane({
  ref,
  log,
  chosen,
  start,
  search,
  isFollowing,
  onFollow,
  onChoose,
  onStep,
  label,
}: PaneProps) {
  const { t } = useTranslation('runs');
  const frame = useRef<HTMLDivElement>(null);
  const [view, setView] = useState<Window>(() => windowOf(0, 600, log.numLines));
  const { numLines, want } = log;

  const measure = useCallback(() => {
    const box = frame.current;
    if (!box) return;
    const next = windowOf(box.scrollTop, box.clientHeight, numLines);
    setView(next);
    want(next.first, next.end);
  }, [numLines, want]);
  const show = useCallback(
    (line: number) => {
      const box = frame.current;
      if (!box) return;
      box.scrollTop = scrollTo(line, box.clientHeight, numLines);
      measure();
    },
    [numLines, measure],
  );
  if (ref && typeof ref === 'object') ref.current = { show };

  // The first drawing opens the line of the address or of the error, or the end while the log grows.
  const isPlaced = useRef(false);
  useLayoutEffect(() => {
    const box = frame.current;
    if (!box) return;
    if (isFollowing) box.scrollTop = box.scrollHeight;
    else if (!isPlaced.current && start !== null && start < numLines) {
      box.scrollTop = scrollTo(start, box.clientHeight, numLines);
    }
    isPlaced.current = true;
    measure();
  }, [numLines, isFollowing, start, measure]);
  useEffect(() => {
    const box = frame.current;
    if (!box) return undefined;
    const observer = new ResizeObserver(measure);
    observer.observe(box);
    return () => observer.disconnect();
  }, [measure]);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'End') onFollow(true);
    else if (event.key === 'n' || event.key === 'N') onStep(event.shiftKey ? -1 : 1);
    else return;
    event.preventDefault();
  };
  const digits = Math.max(4, String(numLines).length);
  const lines = Array.from({ length: view.end - view.first }, (_, index) => view.first + index);
  return (
    <section
      ref={frame}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region has to be reached by the keyboard
      tabIndex={0}
      aria-label={label}
      className="min-h-0 flex-1 overflow-auto bg-surface font-mono text-12 outline-none focus-visible:outline-2 focus-visible:-outline-offset-2 focus-visible:outline-accent"
      onKeyDown={onKeyDown}
      onWheel={(event) => event.deltaY < 0 && isFollowing && onFollow(false)}
      onScroll={(event) => {
        const box = event.currentTarget;
        const isAtEnd = box.scrollTop + box.clientHeight >= box.scrollHeight - LINE_HEIGHT;
        if (isFollowing && !isAtEnd) onFollow(false);
        measure();
      }}
    >
      <div className="relative min-w-full" style={{ height: view.height }}>
        <div className="absolute top-0 left-0 min-w-full" style={{ transform: `translateY(${view.top}px)` }}>
          {lines.map((number) => (
            <Line
              key={number}
              number={number}
              text={log.line(number)}
              digits={digits}
              isChosen={number === chosen}
              search={search}
              onChoose={onChoose}
              linkLabel={t('log.link', { line: number + 1 })}
            />
          ))}
        </div>
      </div>
    </section>
  );
}

interface LineProps {
  number: number;
  text: string | undefined;
  digits: number;
  isChosen: boolean;
  search: string;
  onChoose: (line: number) => void;
  linkLabel: string;
}

const LEVELS = {
  error: 'bg-[color-mix(in_srgb,var(--failed)_9%,transparent)] text-failed',
  warning: 'bg-[color-mix(in_srgb,var(--warning)_9%,transparent)] text-warning',
  debug: 'text-fg-3',
  '': '',
};

function Line({ number, text, digits, isChosen, search, onChoose, linkLabel }: LineProps) {
  const shown = text === undefined ? '' : plain(text);
  return (
    <div
      className={cx('group flex whitespace-pre', isChosen ? 'bg-accent-soft' : LEVELS[levelOf(shown)])}
      style={{ height: LINE_HEIGHT, lineHeight: `${LINE_HEIGHT}px` }}
    >
      <button
        type="button"
        tabIndex={-1}
        aria-label={linkLabel}
        onClick={() => onChoose(number)}
        className={cx(
          'shrink-0 pr-4 pl-6 text-right select-none hover:text-accent',
          isChosen ? 'text-accent' : 'text-fg-3',
        )}
        style={{ width: `calc(${digits}ch + 40px)` }}
      >
        {number + 1}
      </button>
      <span translate="no" className="pr-6">
        {search === ''
          ? shown
          : marked(shown, search).map((part, index) =>
              index % 2 === 1 ? (
                // biome-ignore lint/suspicious/noArrayIndexKey: parts of one line in order
                <mark key={index} className="rounded-[2px] bg-warning/25 text-inherit">
                  {part}
                </mark>
              ) : (
                part
              ),
            )}
      </span>
      {isChosen && (
        <span className="-my-1 font-sans">
          <CopyButton text={location.href} label={linkLabel} />
        </span>
      )}
    </div>
  );
}
