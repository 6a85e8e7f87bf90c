/** Another dataset, model or algorithm in the place of a step's: what still fits stays as it is. */

import { faultOf } from '@/viz/form/model';
import {
  boundParameter,
  type DocumentNode,
  formatEnd,
  type PipelineDocument,
  parseEnd,
  splitVersion,
} from '@/viz/graph/document';
import { type Catalog, type FunctionInterface, functionOf, type Port } from '@/viz/graph/ports';
import { searchFor } from '@/viz/search/fit';
import { searchOf } from '@/viz/search/search';
import { changeNode, ordered } from './actions';

export interface Swapped {
  document: PipelineDocument;
  /** Parameters and links that the new one does not take. */
  lost: { parameters: string[]; links: string[] };
}

/** The algorithms that have a step's function, its own first whatever it has. */
export function algorithmsFor(node: DocumentNode, catalog: Catalog): string[] {
  const own = splitVersion(node.algorithm ?? '').name;
  const others = [...catalog.functions].flatMap(([key, found]) =>
    found.name === node.function && found.isOffered !== false ? key.slice(0, key.lastIndexOf('/')) : [],
  );
  return [own, ...others.filter((name) => name !== own)];
}

export function swapAsset(
  document: PipelineDocument,
  node: DocumentNode,
  by: Omit<DocumentNode, 'id'>,
): PipelineDocument {
  const key = node.type === 'model' ? 'model' : 'dataset';
  return changeNode(document, node.id, { [key]: by[key] });
}

/** Let another algorithm do a step's function: parameters that its schema takes stay, and links that its ports take. */
export function swapAlgorithm(
  document: PipelineDocument,
  node: DocumentNode,
  algorithm: string,
  catalog: Catalog,
): Swapped {
  const next = functionOf({ ...node, algorithm }, catalog);
  const before = functionOf(node, catalog);
  if (!next) return { document, lost: { parameters: [], links: [] } };
  const schemas = next.parameters.properties ?? {};
  const given = Object.entries(node.parameters ?? {});
  const fits = ([name, value]: [string, unknown]) => {
    const schema = schemas[name];
    return schema !== undefined && (boundParameter(value) !== null || faultOf(schema, value) === null);
  };
  const search = searchOf(node);
  const searched = search ? searchFor(next, search) : { search: undefined, lost: [] };
  const outputs = new Set(next.outputs.map(({ name }) => name));
  const changed = changeNode(document, node.id, {
    algorithm,
    parameters: Object.fromEntries(given.filter(fits)),
    search: searched.search,
    publish: Object.fromEntries(Object.entries(node.publish ?? {}).filter(([name]) => outputs.has(name))),
  });
  const links: string[] = [];
  const edges = (document.edges ?? []).flatMap((edge) => {
    const from = renamed(edge.from, node.id, before, next, 'outputs');
    const to = renamed(edge.to, node.id, before, next, 'inputs');
    if (from && to) return [{ from, to }];
    links.push(`${edge.from} → ${edge.to}`);
    return [];
  });
  const parameters = new Set([
    ...given.filter((each) => !fits(each)).map(([name]) => name),
    ...searched.lost,
  ]);
  return { document: ordered({ ...changed, edges }), lost: { parameters: [...parameters], links } };
}

/** An end of a link at a port of the new interface: the one of that name, else the only one of its type; null: none. */
function renamed(
  text: string,
  node: string,
  before: FunctionInterface | undefined,
  next: FunctionInterface,
  side: 'inputs' | 'outputs',
): string | null {
  const end = parseEnd(text);
  if (end.node !== node || end.port === '') return text;
  if (next[side].some(({ name }) => name === end.port)) return text;
  const isIt = ({ name }: Port) => name === end.port;
  const type = before?.[side].find(isIt)?.type;
  const alike = next[side].filter((port) => port.type === type);
  return alike.length === 1 ? formatEnd({ node, port: (alike[0] as Port).name }) : null;
}
