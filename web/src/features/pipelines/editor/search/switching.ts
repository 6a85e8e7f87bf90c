/** A field between a fixed value and a range: going there and back loses neither. */

import type { DocumentNode, PipelineDocument, Search } from '@/viz/graph/document';
import type { Schema } from '@/viz/graph/schema';
import { searchOf, startRange, withRange } from '@/viz/search/search';
import { changeNode, setNodeRange } from '../actions';
import type { Store } from '../history';

/** What a step searched when a range of it was taken away, by step and parameter, as long as the editor is open. */
const before = new WeakMap<Store<PipelineDocument>, Map<string, Search>>();

/** Search a parameter: over the range that it had, else over the one to begin with. Its fixed value stays, as trial 1's. */
export function searchParameter(
  store: Store<PipelineDocument>,
  node: DocumentNode,
  name: string,
  schema: Schema,
): void {
  const had = before.get(store)?.get(`${node.id}.${name}`);
  const range = had?.parameters[name] ?? startRange(schema, node.parameters?.[name]);
  // Trials, method and the rest of a search whose last range had gone come back with it.
  const search = withRange(searchOf(node) ?? (had ? { ...had, parameters: {} } : null), name, range);
  store.change((current) => changeNode(current, node.id, { search }));
}

/** Take a parameter's range away: its fixed value, or the default, holds again. */
export function fixParameter(store: Store<PipelineDocument>, node: DocumentNode, name: string): void {
  const search = searchOf(node);
  if (!search) return;
  const all = before.get(store) ?? new Map<string, Search>();
  before.set(store, all.set(`${node.id}.${name}`, search));
  store.change((current) => setNodeRange(current, node.id, name, undefined));
}
