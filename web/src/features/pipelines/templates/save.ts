/** What of a pipeline can stay open in a template, and the pipeline with what was chosen opened. */

import {
  bindingTo,
  boundParameter,
  type DocumentNode,
  freeName,
  nodeTitle,
  type PipelineDocument,
} from '@/viz/graph/document';
import { type Catalog, functionOf } from '@/viz/graph/ports';
import { type Schema, schemaTitle } from '@/viz/graph/schema';
import { expose } from '../editor/actions';
import { exposeLimit } from '../editor/condition/metrics';

/** One thing that whoever uses the template may be asked for. */
export interface Opening {
  id: string;
  kind: 'parameter' | 'data' | 'setting';
  /** The step that it belongs to; empty for a parameter of the pipeline. */
  node: string;
  step: string;
  name: string;
  title: string;
  /** What stands there when it is closed; undefined: it has none, and so must stay open. */
  value: unknown;
}

/** Parameters that the pipeline has, data that it reads, and settings that its steps were given. */
export function openings(document: PipelineDocument, catalog: Catalog, language: string): Opening[] {
  const parameters = Object.entries(document.parameters ?? {}).map(
    ([name, schema]): Opening => ({
      id: name,
      kind: 'parameter',
      node: '',
      step: '',
      name,
      title: schemaTitle(name, schema, language),
      value: schema.default,
    }),
  );
  const nodes = document.nodes ?? [];
  const data = nodes.flatMap((node): Opening[] => {
    const value = node.dataset ?? node.model;
    if (node.type === 'algorithm' || value === undefined || isBound(value)) return [];
    const step = nodeTitle(node, language);
    return [
      {
        id: `${node.id}/${node.type}`,
        kind: 'data',
        node: node.id,
        step,
        name: node.type,
        title: step,
        value,
      },
    ];
  });
  const settings = nodes.flatMap((node) =>
    Object.entries(node.parameters ?? {})
      .filter(([, value]) => !isBound(value))
      .map(([name, value]): Opening => {
        const schema = functionOf(node, catalog)?.parameters.properties?.[name];
        const title = schemaTitle(name, schema, language);
        return {
          id: `${node.id}/${name}`,
          kind: 'setting',
          node: node.id,
          step: nodeTitle(node, language),
          name,
          title,
          value,
        };
      }),
  );
  return [...parameters, ...data, ...settings, ...limits(nodes, language)];
}

const LIMIT: Schema = { type: 'number', title: { en: 'Limit', zh: '界限' } };

/** The limits of conditions. */
function limits(nodes: DocumentNode[], language: string): Opening[] {
  return nodes.flatMap((node): Opening[] =>
    node.type !== 'condition' || node.value === undefined || isBound(node.value)
      ? []
      : [
          {
            id: `${node.id}/value`,
            kind: 'setting',
            node: node.id,
            step: nodeTitle(node, language),
            name: 'value',
            title: schemaTitle('value', LIMIT, language),
            value: node.value,
          },
        ],
  );
}

/** What is open before anybody chose: parameters as they are, and the data, which is what differs from use to use. */
export function usuallyOpen(all: Opening[]): Set<string> {
  return new Set(all.filter(({ kind }) => kind !== 'setting').map(({ id }) => id));
}

/** The pipeline in which all that was chosen is a parameter, and the names of those parameters. */
export function opened(
  document: PipelineDocument,
  chosen: Opening[],
  catalog: Catalog,
): { document: PipelineDocument; names: string[] } {
  const names: string[] = [];
  let next = document;
  for (const { kind, node: id, name, value } of chosen) {
    const before = new Set(Object.keys(next.parameters ?? {}));
    const node = (next.nodes ?? []).find((each) => each.id === id);
    if (kind === 'parameter') names.push(name);
    else if (node?.type === 'condition') next = exposeLimit(next, node);
    else if (kind === 'data' && node) next = withOpenData(next, node);
    else if (node) {
      const schema = functionOf(node, catalog)?.parameters.properties?.[name] ?? {};
      next = expose(next, id, name, schema, value);
    }
    names.push(...Object.keys(next.parameters ?? {}).filter((each) => !before.has(each)));
  }
  return { document: next, names };
}

function withOpenData(document: PipelineDocument, node: DocumentNode): PipelineDocument {
  const kind = node.type as 'dataset' | 'model';
  const taken = Object.keys(document.parameters ?? {}).map((each) => each.replaceAll('_', '-'));
  const name = freeName(kind, taken).replaceAll('-', '_');
  const schema: Schema = { type: 'string', 'x-kpl': kind, default: node[kind] };
  if (node.title) schema.title = node.title;
  return {
    ...document,
    // What a template reads is asked for first.
    parameters: { [name]: schema, ...document.parameters },
    nodes: (document.nodes ?? []).map((each) =>
      each.id === node.id ? { ...each, [kind]: bindingTo(name) } : each,
    ),
  };
}

function isBound(value: unknown): boolean {
  return boundParameter(value) !== null;
}
