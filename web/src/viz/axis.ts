/** Axes of plots of trials: where a value stands between 0 and 1, and what is written beside the axis. */

export interface Tick {
  /** Share of the axis' length. */
  at: number;
  text: string;
}

export interface Axis {
  /** Share of the axis' length; null for what has no place on it. */
  place: (value: unknown) => number | null;
  ticks: Tick[];
}

/** How much of the axis is left free at either end, so that no dot is cut off. */
const PADDING = 0.05;

/** An axis of numbers from the least to the most of `values`, on a log scale where that is possible. */
export function numberAxis(
  values: unknown[],
  { isLog = false, isWhole = false, count = 5 }: { isLog?: boolean; isWhole?: boolean; count?: number } = {},
): Axis {
  const numbers = values.filter((each): each is number => typeof each === 'number' && Number.isFinite(each));
  if (numbers.length === 0) return { place: () => null, ticks: [] };
  const isLogHere = isLog && numbers.every((each) => each > 0);
  const to = isLogHere ? Math.log10 : (value: number) => value;
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)];
  const middle = least === most;
  const [low, high] = [to(least), to(most)];
  const place = (value: unknown) => {
    if (typeof value !== 'number' || !Number.isFinite(value) || (isLogHere && value <= 0)) return null;
    return middle ? 0.5 : PADDING + ((to(value) - low) / (high - low)) * (1 - 2 * PADDING);
  };
  const marks = middle
    ? [least]
    : isLogHere
      ? logMarks(least, most, count)
      : marksOf(least, most, count, isWhole);
  return { place, ticks: marks.map((mark) => ({ at: place(mark) ?? 0, text: tickText(mark) })) };
}

/** An axis of words, each at its own place, in the order given. */
export function wordAxis(words: string[]): Axis {
  const places = new Map(words.map((word, index) => [word, (index + 0.5) / words.length]));
  return {
    place: (value) => places.get(asWord(value)) ?? null,
    ticks: [...places].map(([text, at]) => ({ at, text })),
  };
}

/** A value as it is written at an axis of words. */
export function asWord(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** About `count` round numbers within a range. */
function marksOf(least: number, most: number, count: number, isWhole: boolean): number[] {
  const length = most - least;
  const power = 10 ** Math.floor(Math.log10(length / count));
  const away = (step: number) => Math.abs(length / step - count);
  const step = [1, 2, 5, 10].map((digit) => digit * power).reduce((a, b) => (away(b) < away(a) ? b : a));
  const by = isWhole ? Math.max(1, Math.round(step)) : step;
  const first = Math.ceil(least / by - 1e-9);
  const numMarks = Math.floor(most / by + 1e-9) - first + 1;
  return Array.from({ length: Math.max(0, numMarks) }, (_, index) =>
    Number(((first + index) * by).toPrecision(10)),
  );
}

/** Powers of ten within a range, with others between them where there are few; the ends where there are none. */
function logMarks(least: number, most: number, count: number): number[] {
  const [first, last] = [Math.floor(Math.log10(least)), Math.ceil(Math.log10(most))];
  const powers = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  const within = (digits: number[]) =>
    powers
      .flatMap((power) => digits.map((digit) => Number(`${digit}e${power}`)))
      .filter((mark) => mark >= least * 0.999 && mark <= most * 1.001);
  const tens = within([1]);
  if (tens.length >= 3 || tens.length >= count) return thinned(tens, count);
  const more = [
    [1, 3],
    [1, 2, 5],
  ]
    .map(within)
    .find((marks) => marks.length >= 2);
  return more ? thinned(more, count) : [least, most];
}

function thinned(marks: number[], count: number): number[] {
  const every = Math.ceil(marks.length / count);
  return marks.filter((_, index) => index % every === 0);
}

/** A number beside an axis: short, `2e-4` rather than `0.0002`. */
export function tickText(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e5))
    return Number(value.toPrecision(3)).toExponential().replace('e+', 'e');
  return String(Number(value.toPrecision(4)));
}
