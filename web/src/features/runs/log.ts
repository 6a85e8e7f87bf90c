/** Rules of the log view: which lines are on screen, which pages to fetch, what a line says about itself. */

export const LINE_HEIGHT = 19;
export const PAGE_LINES = 500;
/** Browsers stop at about 17 million pixels; above this height the scroll position is scaled. */
export const MAX_HEIGHT = 8_000_000;

export type Level = 'error' | 'warning' | 'debug' | '';

const ERROR =
  /(^|[^\w.])(error|fatal|critical|traceback|exception|panic|segmentation fault|killed)\b|^[\w.]*(Error|Exception)\b/i;
const WARNING = /(^|[^\w.])(warn|warning)\b|^[\w.]*Warning\b/i;
const DEBUG = /(^|[^\w.])(debug|trace)\b/i;

export function levelOf(line: string): Level {
  const head = line.slice(0, 400);
  if (ERROR.test(head) && !/\b(0|no) errors?\b/i.test(head)) return 'error';
  if (WARNING.test(head)) return 'warning';
  return DEBUG.test(head) ? 'debug' : '';
}

/** Words that the server is asked for to find the first line that tells of an error. */
export const ERROR_WORDS = ['error', 'traceback', 'exception', 'fatal'] as const;

/** The first line that is about an error, among the first matches of each word. */
export function firstError(found: { line: number; text: string }[]): number | null {
  const lines = found.filter((match) => levelOf(match.text) === 'error').map((match) => match.line);
  return lines.length > 0 ? Math.min(...lines) : null;
}

/** The line that an address names, from 0: written from 1, or from -1 for the last line. */
export const lineOf = (written: number, numLines: number): number =>
  written < 0 ? Math.max(0, numLines + written) : written - 1;

export interface Window {
  first: number;
  /** One beyond the last line. */
  end: number;
  /** Where the first line is drawn, in pixels from the top of the scrolled area. */
  top: number;
  height: number;
}

/** The lines to draw. With more lines than a browser can scroll, the scroll position counts in proportion. */
export function windowOf(scrollTop: number, viewHeight: number, numLines: number, overscan = 12): Window {
  const real = numLines * LINE_HEIGHT;
  const height = Math.min(real, MAX_HEIGHT);
  const range = Math.max(1, height - viewHeight);
  const offset = real <= MAX_HEIGHT ? scrollTop : Math.min(1, scrollTop / range) * (real - viewHeight);
  const first = Math.max(0, Math.floor(offset / LINE_HEIGHT) - overscan);
  const end = Math.min(numLines, Math.ceil((offset + viewHeight) / LINE_HEIGHT) + overscan);
  return { first, end, top: scrollTop + first * LINE_HEIGHT - offset, height };
}

/** The scroll position at which a line stands a third below the top of the view. */
export function scrollTo(line: number, viewHeight: number, numLines: number): number {
  const real = numLines * LINE_HEIGHT;
  const offset = Math.max(0, Math.min(real - viewHeight, line * LINE_HEIGHT - viewHeight / 3));
  if (real <= MAX_HEIGHT) return offset;
  return (offset / (real - viewHeight)) * (MAX_HEIGHT - viewHeight);
}

/** The pages that hold the lines from `first` to `end`. */
export function pagesOf(first: number, end: number): number[] {
  if (end <= first) return [];
  const from = Math.floor(first / PAGE_LINES);
  const to = Math.floor((end - 1) / PAGE_LINES);
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/** Lines that were fetched, by page. A page that is not full is fetched again as the log grows. */
export class Pages {
  readonly #pages = new Map<number, string[]>();
  static readonly kept = 60;

  lines(page: number): string[] | undefined {
    return this.#pages.get(page);
  }

  line(number: number): string | undefined {
    return this.#pages.get(Math.floor(number / PAGE_LINES))?.[number % PAGE_LINES];
  }

  put(page: number, lines: string[]): void {
    this.#pages.delete(page);
    this.#pages.set(page, lines);
    const oldest = this.#pages.keys().next().value;
    if (this.#pages.size > Pages.kept && oldest !== undefined) this.#pages.delete(oldest);
  }

  /** Whether a page lacks lines that exist by now. */
  lacks(page: number, numLines: number): boolean {
    const expected = Math.min(PAGE_LINES, numLines - page * PAGE_LINES);
    return expected > 0 && (this.#pages.get(page)?.length ?? 0) < expected;
  }

  clear(): void {
    this.#pages.clear();
  }
}

/** The next match after a line (or before it), round the end; null when there is none. */
export function nextMatch(matches: { line: number }[], from: number | null, step: 1 | -1): number | null {
  if (matches.length === 0) return null;
  const lines = matches.map((match) => match.line);
  if (step > 0) return lines.find((line) => line > (from ?? -1)) ?? (lines[0] as number);
  return lines.findLast((line) => line < (from ?? Number.POSITIVE_INFINITY)) ?? (lines.at(-1) as number);
}

/** Split a line at the searched text, in any case: odd parts are the matches. */
export function marked(line: string, query: string): string[] {
  if (!query) return [line];
  const parts: string[] = [];
  const [text, wanted] = [line.toLowerCase(), query.toLowerCase()];
  let at = 0;
  for (let found = text.indexOf(wanted); found >= 0 && parts.length < 200; found = text.indexOf(wanted, at)) {
    parts.push(line.slice(at, found), line.slice(found, found + query.length));
    at = found + query.length;
  }
  return [...parts, line.slice(at)];
}

/** Take the colours of terminals out of a line. */
export function plain(line: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what is looked for
  return line.replace(/\u001b\[[0-9;?]*[A-Za-z]|\r/g, '');
}
