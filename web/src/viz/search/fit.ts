/** Whether ranges fit what is searched. Apart from the other rules: what checks values against schemas is large. */

import { faultOf } from '@/viz/form/model';
import type { Search, SearchRange } from '@/viz/graph/document';
import type { FunctionInterface } from '@/viz/graph/ports';
import type { Schema } from '@/viz/graph/schema';
import { isNumber, isSearchable, maySearch, orderedSearch, startSearch } from './search';

/** What is wrong with a range and where: a word for the catalogue of texts (`search.fault.*`, or `form.fault.*` of the value). */
export interface RangeFault {
  at: 'min' | 'max' | 'step' | 'choices';
  code: 'required' | 'order' | 'log' | 'step' | 'one' | 'value';
}

/** Null where trials can be drawn from a range, and the schema takes its ends. The server checks again. */
export function rangeFault(schema: Schema, range: SearchRange): RangeFault | null {
  if (range.choices !== undefined) {
    if (range.choices.length === 0) return { at: 'choices', code: 'one' };
    const isWrong = range.choices.some((each) => faultOf(schema, each) !== null);
    return isWrong ? { at: 'choices', code: 'value' } : null;
  }
  const { min, max, log, step } = range;
  if (!isNumber(min)) return { at: 'min', code: 'required' };
  if (!isNumber(max)) return { at: 'max', code: 'required' };
  if (faultOf(schema, min)) return { at: 'min', code: 'value' };
  if (faultOf(schema, max)) return { at: 'max', code: 'value' };
  if (min >= max) return { at: 'max', code: 'order' };
  if (log && min <= 0) return { at: 'min', code: 'log' };
  if (step !== undefined && !(isNumber(step) && step > 0 && step <= max - min))
    return { at: 'step', code: 'step' };
  return null;
}

/** What of a search another function takes: ranges of names and types that it has; its own suggestion where none is left. */
export function searchFor(
  next: FunctionInterface,
  search: Search,
): { search: Search | undefined; lost: string[] } {
  const schemas = next.parameters.properties ?? {};
  const fits = ([name, range]: [string, SearchRange]) => {
    const schema = schemas[name];
    return schema !== undefined && isSearchable(schema) && rangeFault(schema, range) === null;
  };
  const ranges = Object.entries(search.parameters);
  const kept = ranges.filter(fits);
  const lost = ranges.filter((each) => !fits(each)).map(([name]) => name);
  if (!maySearch(next)) return { search: undefined, lost };
  const parameters = kept.length > 0 ? Object.fromEntries(kept) : startSearch(next)?.parameters;
  const knows = search.metric === undefined || next.metrics?.some(({ name }) => name === search.metric);
  const judged = knows ? {} : { metric: undefined, direction: undefined };
  return { search: parameters && orderedSearch({ ...search, ...judged, parameters }), lost };
}
