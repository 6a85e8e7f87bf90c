/**
 * Rules of a search: which parameters can be searched, over which range one begins, and what a block says of trials.
 * Whether a range fits is left to `fit.ts`.
 */

import { controlOf, plainSchema } from '@/viz/form/control';
import { isEqual } from '@/viz/form/equal';
import {
  boundParameter,
  type DocumentNode,
  type PipelineDocument,
  type Search,
  type SearchRange,
} from '@/viz/graph/document';
import { allPorts, type Catalog, type FunctionInterface, portRefusal } from '@/viz/graph/ports';
import { rangeOf, type Schema } from '@/viz/graph/schema';

const DEFAULT_TRIALS = 10;
export const MOST_TRIALS = 1000;
export const METHODS = ['tpe', 'random', 'grid'] as const;

const KEYS = [
  'parameters', 'trials', 'parallel', 'budget_s', 'method', 'pruning', 'metric', 'direction', 'seed',
] as const; // biome-ignore format: one line of words reads better than one a line
const RANGE_KEYS = ['min', 'max', 'log', 'step', 'choices'] as const;

/** The search of a step as far as it can be read, for a text may hold anything; null where it has none. */
export function searchOf(node: Pick<DocumentNode, 'search'>): Search | null {
  const { search } = node;
  if (!isObject(search)) return null;
  const ranges = Object.entries(isObject(search.parameters) ? search.parameters : {}).flatMap(
    ([name, range]): [string, SearchRange][] => (isObject(range) ? [[name, readable(range)]] : []),
  );
  const words = ['method', 'metric', 'direction'] as const;
  const unread = words.filter((key) => typeof search[key] !== 'string').map((key) => [key, undefined]);
  return { ...search, ...Object.fromEntries(unread), parameters: Object.fromEntries(ranges) };
}

function readable(range: SearchRange): SearchRange {
  return range.choices === undefined || Array.isArray(range.choices)
    ? range
    : { ...range, choices: undefined };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a parameter can be searched: a number, one of several values, or yes and no. */
export function isSearchable(schema: Schema): boolean {
  const plain = plainSchema(schema);
  return plain.readOnly !== true && ['integer', 'number', 'boolean', 'choice'].includes(controlOf(plain));
}

/** Whether a function can be searched: trials are compared by what it measures, and a service measures nothing. */
export function maySearch(found: FunctionInterface | undefined): boolean {
  return found !== undefined && found.name !== 'serve' && (found.metrics ?? []).length > 0;
}

/** The range that a manifest gives for a parameter; null where it gives none. */
export function manifestRange(schema: Schema): SearchRange | null {
  const given = plainSchema(schema)['x-search'];
  if (!isObject(given)) return null;
  const range = given as SearchRange;
  const isWhole = range.choices ? range.choices.length > 0 : isNumber(range.min) && isNumber(range.max);
  return isWhole ? orderedRange(range) : null;
}

/** Where a search of a parameter begins: the manifest's range, else one around the present value within the bounds. */
export function startRange(schema: Schema, value: unknown): SearchRange {
  const plain = plainSchema(schema);
  const given = manifestRange(plain);
  if (given) return including(given, value);
  const control = controlOf(plain);
  if (control === 'boolean') return { choices: [true, false] };
  const listed = choicesFor(plain);
  if (listed) return { choices: listed };
  const now = isNumber(value) ? value : isNumber(plain.default) ? plain.default : 0;
  return control === 'integer' ? integersAround(plain, now) : numbersAround(plain, now);
}

/** A range widened to a value that it leaves out: the first trial begins there. */
function including(range: SearchRange, value: unknown): SearchRange {
  if (value === undefined || boundParameter(value) !== null) return range;
  if (range.choices)
    return range.choices.some((each) => isEqual(each, value))
      ? range
      : { choices: [...range.choices, value] };
  const { min, max } = range;
  if (!isNumber(value) || !isNumber(min) || !isNumber(max)) return range;
  return { ...range, min: Math.min(min, value), max: Math.max(max, value) };
}

/** The values that a parameter may have, where its schema lists them; null where it is a number. */
export function choicesFor(schema: Schema): unknown[] | null {
  const plain = plainSchema(schema);
  if (controlOf(plain) === 'boolean') return [true, false];
  if (controlOf(plain) !== 'choice') return null;
  if (Array.isArray(plain.enum)) return plain.enum;
  return ((plain.oneOf ?? plain.anyOf ?? []) as Schema[]).map((each) => each.const);
}

/** Half to twice as many, within the bounds. */
function integersAround(schema: Schema, now: number): SearchRange {
  const { low, high } = limits(schema, 1);
  const min = Math.max(low, now > 0 ? Math.max(1, Math.round(now / 2)) : Math.min(now * 2, now));
  const max = Math.min(high, now > 0 ? now * 2 : now + 10);
  return { min, max: Math.max(min, max) };
}

/** The whole of a narrow interval; else a tenth to ten times the value, on a log scale, within the bounds. */
function numbersAround(schema: Schema, now: number): SearchRange {
  const whole = limits(schema, 0);
  const span = whole.high - whole.low;
  if (Number.isFinite(span) && (now <= 0 || now >= whole.high / 20)) {
    const { low, high } = limits(schema, span / 100);
    return { min: low, max: high };
  }
  const { low, high } = limits(schema, now / 100);
  if (now > 0)
    return { min: rounded(Math.max(low, now / 10)), max: rounded(Math.min(high, now * 10)), log: true };
  return { min: Math.max(low, rounded(now * 2)), max: Math.min(high, now === 0 ? 1 : 0) };
}

/** The bounds of a schema as a range may reach them: `nudge` inside those that are excluded. */
function limits(schema: Schema, nudge: number): { low: number; high: number } {
  const { minimum, maximum, isMinimumExcluded, isMaximumExcluded } = rangeOf(schema);
  return {
    low: (minimum ?? Number.NEGATIVE_INFINITY) + (isMinimumExcluded ? nudge : 0),
    high: (maximum ?? Number.POSITIVE_INFINITY) - (isMaximumExcluded ? nudge : 0),
  };
}

function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

export function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

/**
 * A search over what the manifest suggests, else over the first number; null where nothing can be searched. Ranges hold
 * the values that the step was given.
 */
export function startSearch(
  found: FunctionInterface | undefined,
  given: Record<string, unknown> = {},
): Search | null {
  if (!found || !maySearch(found)) return null;
  const searchable = Object.entries(found.parameters.properties ?? {}).filter(([, schema]) =>
    isSearchable(schema),
  );
  const suggested = searchable.filter(([, schema]) => manifestRange(schema));
  const first = searchable.find(([, schema]) => choicesFor(schema) === null) ?? searchable[0];
  const begun = suggested.length > 0 || !first ? suggested : [first];
  if (begun.length === 0) return null;
  const metrics = found.metrics ?? [];
  const judged = metrics.some(({ isPrimary }) => isPrimary) ? {} : { metric: metrics[0]?.name };
  const ranges = begun.map(([name, schema]) => [name, startRange(schema, given[name])]);
  return orderedSearch({ parameters: Object.fromEntries(ranges), ...judged });
}

/** The step that "Search" of the palette adds: a trainable algorithm, best one that takes the data at hand and suggests ranges. */
export function searchStep(catalog: Catalog, document: PipelineDocument): Omit<DocumentNode, 'id'> | null {
  const given = [...allPorts(document, catalog).values()].flatMap(({ outputs }) => outputs);
  const rank = (found: FunctionInterface) => {
    const fits = found.inputs
      .filter(({ isOptional }) => !isOptional)
      .every((input) => given.some((output) => portRefusal(output, input) === null));
    const suggests = Object.values(found.parameters.properties ?? {}).some(manifestRange);
    return (fits ? 2 : 0) + (suggests ? 1 : 0);
  };
  const trainable = [...catalog.functions].filter(
    ([, found]) => found.name === 'train' && found.isOffered !== false && startSearch(found) !== null,
  );
  const best = Math.max(...trainable.map(([, found]) => rank(found)));
  const [key, found] = trainable.find(([, each]) => rank(each) === best) ?? [];
  const search = startSearch(found);
  if (!key || !search) return null;
  return { type: 'algorithm', algorithm: key.slice(0, key.lastIndexOf('/')), function: 'train', search };
}

/** A search with the range of one parameter; undefined takes it away, and the search with the last one. */
export function withRange(
  search: Search | null,
  name: string,
  range: SearchRange | undefined,
): Search | undefined {
  const { [name]: _, ...others } = search?.parameters ?? {};
  const parameters = range === undefined ? others : { ...search?.parameters, [name]: orderedRange(range) };
  return Object.keys(parameters).length === 0 ? undefined : orderedSearch({ ...search, parameters });
}

/** A search with its keys in the order of the server, and without those that say nothing. */
export function orderedSearch(search: Search): Search {
  const ranges = Object.entries(search.parameters).sort(([a], [b]) => (a < b ? -1 : 1));
  return inOrder({ ...search, parameters: Object.fromEntries(ranges) }, KEYS);
}

function orderedRange(range: SearchRange): SearchRange {
  return inOrder(range.log === false ? { ...range, log: undefined } : range, RANGE_KEYS);
}

function inOrder<T extends object>(value: T, keys: readonly string[]): T {
  const rank = (key: string) => (keys.indexOf(key) + keys.length + 1) % (keys.length + 1);
  const filled = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.fromEntries(filled.sort(([a], [b]) => rank(a) - rank(b))) as T;
}

/** The most trials of a search; a grid ends when all its points are tried. */
export function numTrials(search: Search): number {
  const most = isNumber(search.trials) ? search.trials : DEFAULT_TRIALS;
  if (search.method !== 'grid') return most;
  return Math.min(
    most,
    Object.values(search.parameters)
      .map(numPoints)
      .reduce((all, each) => all * each, 1),
  );
}

/** How many values a grid has along one parameter; whole numbers go by one. */
function numPoints({ choices, min = 0, max = 0, step = 1 }: SearchRange): number {
  const points = choices ? choices.length : Math.floor((max - min) / (step || 1) + 1e-9) + 1;
  return points >= 0 ? points : Number.POSITIVE_INFINITY;
}

/** How trials of a search came to an end, of as many as have. */
interface Ended {
  done: number;
  failed: number;
  stopped_early: number;
}

/** How many trials have ended, one way or another. */
export function numEnded({ done, failed, stopped_early }: Ended): number {
  return done + failed + stopped_early;
}

/** What is known of a step's task in an earlier run, as far as it tells how long a trial takes. */
interface LastTask {
  state: string;
  duration_s: number | null;
  search?: Ended | null;
}

/** How long one trial takes going by the step's task in the last run; null where that says nothing. */
export function trialTime_s(last: LastTask | undefined, parallel: number): number | null {
  if (!last || last.duration_s === null || last.state !== 'succeeded') return null;
  if (!last.search) return last.duration_s;
  const ended = numEnded(last.search);
  return ended > 0 ? last.duration_s / Math.ceil(ended / Math.max(1, parallel)) : null;
}
