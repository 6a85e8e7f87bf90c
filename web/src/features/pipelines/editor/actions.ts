/** What can be done to a document: pure functions from one document to the next. */

import type {
  DocumentEdge,
  DocumentNode,
  PipelineDocument,
  Position,
  SearchRange,
} from '@/viz/graph/document';
import { bindingTo, formatEnd, freeName, parseEnd } from '@/viz/graph/document';
import { NODE_WIDTH, onGrid } from '@/viz/graph/layout';
import { freeNoteName, isNoteName, kindOfNote } from '@/viz/graph/notes';
import type { Fit } from '@/viz/graph/ports';
import type { Schema } from '@/viz/graph/schema';
import { searchOf, withRange } from '@/viz/search/search';

/** Leave out parts that are empty, as the server writes documents; the same document has the same bytes. */
export function tidy(document: PipelineDocument): PipelineDocument {
  const filled = Object.entries(document).filter(([key, value]) => key === 'name' || !isEmpty(value));
  return Object.fromEntries(filled) as unknown as PipelineDocument;
}

const NODE_KEYS = [
  'id', 'type', 'dataset', 'model', 'algorithm', 'function', 'metric', 'operator', 'value', 'title', 'parameters', 'search',
  'resources', 'retries', 'timeout_s', 'publish', 'endpoint',
]; // biome-ignore format: one line of words reads better than one a line

function tidyNode(node: DocumentNode): DocumentNode {
  const rank = (key: string) => (NODE_KEYS.indexOf(key) + NODE_KEYS.length + 1) % (NODE_KEYS.length + 1);
  const filled = Object.entries(node).filter(([key, value]) => key === 'id' || !isEmpty(value));
  return Object.fromEntries(filled.sort(([a], [b]) => rank(a) - rank(b))) as unknown as DocumentNode;
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

export function addNode(
  document: PipelineDocument,
  node: Omit<DocumentNode, 'id'> & { id?: string },
  at: Position,
): { document: PipelineDocument; id: string } {
  const nodes = document.nodes ?? [];
  const wanted = node.id ?? node.function ?? (node.type === 'dataset' ? 'data' : node.type);
  const id = freeName(
    wanted,
    nodes.map((each) => each.id),
  );
  const next = {
    ...document,
    nodes: [...nodes, tidyNode({ ...node, id })],
    layout: { ...document.layout, [id]: { x: onGrid(at.x), y: onGrid(at.y) } },
  };
  return { document: ordered(next), id };
}

/** A free place near the wanted one: nodes are not laid upon each other. */
export function freePlace(document: PipelineDocument, wanted: Position): Position {
  const taken = Object.entries(document.layout ?? {}).flatMap(([id, at]) => (isNoteName(id) ? [] : at));
  const at = { ...wanted };
  while (taken.some((other) => Math.abs(other.x - at.x) < NODE_WIDTH && Math.abs(other.y - at.y) < 96))
    at.y += 112;
  return at;
}

/** Add a node that is joined to a port of another: fed by its output, or feeding its input. */
export function addJoined(
  document: PipelineDocument,
  { node, port }: Fit,
  to: { end: string; side: 'in' | 'out' },
  at: Position,
): { document: PipelineDocument; id: string } {
  const added = addNode(document, node, at);
  const own = formatEnd({ node: added.id, port });
  const next = to.side === 'out' ? connect(added.document, to.end, own) : feed(added.document, to.end, own);
  return { document: next, id: added.id };
}

export function removeParts(
  document: PipelineDocument,
  nodeIds: Iterable<string>,
  edgeIds: Iterable<string> = [],
): PipelineDocument {
  const [gone, cut] = [new Set(nodeIds), new Set(edgeIds)];
  if (gone.size === 0 && cut.size === 0) return document;
  const keeps = (edge: DocumentEdge) =>
    !cut.has(edgeId(edge)) && !gone.has(parseEnd(edge.from).node) && !gone.has(parseEnd(edge.to).node);
  return tidy({
    ...document,
    nodes: (document.nodes ?? []).filter((node) => !gone.has(node.id)),
    edges: (document.edges ?? []).filter(keeps),
    layout: Object.fromEntries(Object.entries(document.layout ?? {}).filter(([id]) => !gone.has(id))),
  });
}

export function edgeId(edge: DocumentEdge): string {
  return `${edge.from}>${edge.to}`;
}

export function connect(document: PipelineDocument, from: string, to: string): PipelineDocument {
  return ordered({ ...document, edges: [...(document.edges ?? []), { from, to }] });
}

/** Let an input be fed by an output, in place of what fed it before; null takes its link away. */
export function feed(document: PipelineDocument, to: string, from: string | null): PipelineDocument {
  const others = (document.edges ?? []).filter((edge) => edge.to !== to);
  return ordered({ ...document, edges: from === null ? others : [...others, { from, to }] });
}

export function moveNodes(document: PipelineDocument, places: Record<string, Position>): PipelineDocument {
  const layout = { ...document.layout };
  let moved = false;
  for (const [id, at] of Object.entries(places)) {
    const [before, next] = [layout[id], { x: onGrid(at.x), y: onGrid(at.y) }];
    if (before && before.x === next.x && before.y === next.y) continue;
    layout[id] = { ...before, ...next };
    moved = true;
  }
  return moved ? ordered({ ...document, layout }) : document;
}

/** Change a node; fields that become empty are left out. */
export function changeNode(
  document: PipelineDocument,
  id: string,
  change: Partial<DocumentNode>,
): PipelineDocument {
  return {
    ...document,
    nodes: (document.nodes ?? []).map((node) => (node.id === id ? tidyNode({ ...node, ...change }) : node)),
  };
}

/** Give a parameter of a node a value; `undefined` takes it back to the manifest's default. */
export function setNodeParameter(
  document: PipelineDocument,
  id: string,
  name: string,
  value: unknown,
): PipelineDocument {
  const node = (document.nodes ?? []).find((each) => each.id === id);
  if (!node) return document;
  const parameters = { ...node.parameters };
  if (value === undefined) delete parameters[name];
  else parameters[name] = value;
  const sorted = Object.fromEntries(Object.entries(parameters).sort(([a], [b]) => (a < b ? -1 : 1)));
  return changeNode(document, id, { parameters: sorted });
}

/** Search a parameter of a node over a range; undefined takes the range away, and the search with the last one. */
export function setNodeRange(
  document: PipelineDocument,
  id: string,
  name: string,
  range: SearchRange | undefined,
): PipelineDocument {
  const node = (document.nodes ?? []).find((each) => each.id === id);
  return node ? changeNode(document, id, { search: withRange(searchOf(node), name, range) }) : document;
}

/** Give parameters of a node fixed values in the place of their ranges, as after a search; the document itself without that node. */
export function fixNodeParameters(
  document: PipelineDocument,
  id: string,
  values: Record<string, unknown>,
): PipelineDocument {
  return Object.entries(values).reduce(
    (next, [name, value]) => setNodeRange(setNodeParameter(next, id, name, value), id, name, undefined),
    document,
  );
}

/** Expose a node's parameter: the pipeline gets one of that name and schema, and the node is bound to it. */
export function expose(
  document: PipelineDocument,
  id: string,
  name: string,
  schema: Schema,
  value: unknown,
): PipelineDocument {
  const parameters = document.parameters ?? {};
  const same = parameters[name];
  let own = name;
  for (let number = 2; parameters[own] && same; number += 1) own = `${name}_${number}`;
  const exposed: Schema = { ...pick(schema), ...(value === undefined ? {} : { default: value }) };
  const next = { ...document, parameters: { ...parameters, [own]: exposed } };
  return ordered(setNodeParameter(next, id, name, bindingTo(own)));
}

const KEYWORDS = [
  'type', 'x-kpl', 'title', 'description', 'default', 'enum', 'const', 'minimum', 'exclusiveMinimum', 'maximum',
  'exclusiveMaximum', 'multipleOf', 'minLength', 'maxLength', 'pattern', 'format', 'items', 'minItems', 'maxItems',
  'uniqueItems', 'properties', 'required', 'additionalProperties', 'examples',
]; // biome-ignore format: one line of words reads better than one a line

function pick(schema: Schema): Schema {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => KEYWORDS.includes(key)));
}

const KEYS = ['schema', 'name', 'title', 'description', 'task', 'parameters', 'nodes', 'edges', 'layout'];

/** Put the parts in the order in which documents are written. */
export function ordered(document: PipelineDocument): PipelineDocument {
  const byNode = new Map((document.nodes ?? []).map((node, index) => [node.id, index]));
  const rank = (id: string) => byNode.get(id) ?? (isNoteName(id) ? 2e9 : 1e9);
  const layout = Object.entries(document.layout ?? {}).sort(
    ([a], [b]) => rank(a) - rank(b) || (isNoteName(a) && isNoteName(b) ? (a < b ? -1 : 1) : 0),
  );
  const whole: Record<string, unknown> = { ...document, layout: Object.fromEntries(layout) };
  const known = KEYS.filter((key) => key in whole).map((key) => [key, whole[key]]);
  const rest = Object.entries(whole).filter(([key]) => !KEYS.includes(key));
  return tidy(Object.fromEntries([...known, ...rest]) as unknown as PipelineDocument);
}

const CLIPBOARD_SCHEMA = 'kpl.pipeline-part/v1';

/** Nodes with the edges among them, and notes, as text that can be pasted into any pipeline. */
export function copyText(document: PipelineDocument, nodeIds: Iterable<string>): string {
  const ids = new Set(nodeIds);
  const nodes = (document.nodes ?? []).filter((node) => ids.has(node.id));
  const edges = (document.edges ?? []).filter(
    (edge) => ids.has(parseEnd(edge.from).node) && ids.has(parseEnd(edge.to).node),
  );
  const layout = Object.fromEntries(Object.entries(document.layout ?? {}).filter(([id]) => ids.has(id)));
  const bound = new Set(
    [...JSON.stringify(nodes).matchAll(/\$\{parameters\.(\w+)\}/g)].map((match) => match[1]),
  );
  const parameters = Object.fromEntries(
    Object.entries(document.parameters ?? {}).filter(([name]) => bound.has(name)),
  );
  return `${JSON.stringify({ schema: CLIPBOARD_SCHEMA, parameters, nodes, edges, layout }, null, 2)}\n`;
}

/** Add copied nodes; they get free names, and parameters that the pipeline lacks come with them. Null: not such a text. */
export function pasteText(
  document: PipelineDocument,
  text: string,
): { document: PipelineDocument; ids: string[] } | null {
  const part = readPart(text);
  if (!part) return null;
  const offset = freeOffset(document, part);
  const names = new Map<string, string>();
  const taken = (document.nodes ?? []).map((node) => node.id);
  for (const node of part.nodes ?? []) names.set(node.id, freeName(node.id, [...taken, ...names.values()]));
  const placed = Object.keys(document.layout ?? {});
  for (const name of Object.keys(part.layout ?? {}).filter(isNoteName))
    names.set(name, freeNoteName(kindOfNote(name), [...placed, ...names.values()]));
  const renamed = (text: string) => {
    const end = parseEnd(text);
    return formatEnd({ ...end, node: names.get(end.node) ?? end.node });
  };
  const layout = { ...document.layout };
  for (const [id, at] of Object.entries(part.layout ?? {})) {
    const name = names.get(id);
    if (name) layout[name] = { ...at, x: onGrid(at.x + offset.x), y: onGrid(at.y + offset.y) };
  }
  const next: PipelineDocument = {
    ...document,
    parameters: { ...part.parameters, ...document.parameters },
    nodes: [
      ...(document.nodes ?? []),
      ...(part.nodes ?? []).map((node) => ({ ...node, id: names.get(node.id) as string })),
    ],
    edges: [
      ...(document.edges ?? []),
      ...(part.edges ?? []).map((edge) => ({ from: renamed(edge.from), to: renamed(edge.to) })),
    ],
    layout,
  };
  return { document: ordered(next), ids: [...names.values()] };
}

const PASTE_STEP = 32;
const PASTED_HEIGHT = 144;

/** How far from where it stood a part is laid, so that it covers no step: to the right and down a little, then down. */
function freeOffset(document: PipelineDocument, part: Partial<PipelineDocument>): Position {
  const steps = ({ layout }: Partial<PipelineDocument>) =>
    Object.entries(layout ?? {}).flatMap(([id, at]) => (isNoteName(id) ? [] : at));
  const [taken, pasted] = [steps(document), steps(part)];
  const covers = (offset: Position) =>
    pasted.some(({ x, y }) =>
      taken.some(
        (other) =>
          Math.abs(x + offset.x - other.x) < NODE_WIDTH && Math.abs(y + offset.y - other.y) < PASTED_HEIGHT,
      ),
    );
  const offset = { x: PASTE_STEP, y: PASTE_STEP };
  while (covers(offset)) offset.y += PASTE_STEP;
  return offset;
}

function readPart(text: string): Partial<PipelineDocument> | null {
  try {
    const part = JSON.parse(text) as Partial<PipelineDocument> & { schema?: string };
    const isPart = part.schema === CLIPBOARD_SCHEMA || part.schema === 'kpl.pipeline/v1';
    const hasNodes = Array.isArray(part.nodes) && part.nodes.every((node) => typeof node?.id === 'string');
    return isPart && hasNodes ? part : null;
  } catch {
    return null;
  }
}

/** Give a node another id; edges and its place follow. The document itself when the id is taken. */
export function renameNode(document: PipelineDocument, id: string, next: string): PipelineDocument {
  if (id === next || (document.nodes ?? []).some((node) => node.id === next)) return document;
  const renamed = (text: string) => {
    const end = parseEnd(text);
    return end.node === id ? formatEnd({ ...end, node: next }) : text;
  };
  return ordered({
    ...document,
    nodes: (document.nodes ?? []).map((node) => (node.id === id ? { ...node, id: next } : node)),
    edges: (document.edges ?? []).map((edge) => ({ from: renamed(edge.from), to: renamed(edge.to) })),
    layout: Object.fromEntries(
      Object.entries(document.layout ?? {}).map(([key, at]) => [key === id ? next : key, at]),
    ),
  });
}
