/** Whose metric a condition compares, and what it begins with. */

import {
  bindingTo,
  type DocumentNode,
  formatEnd,
  type PipelineDocument,
  parseEnd,
} from '@/viz/graph/document';
import { type Catalog, functionOf, type PromisedMetric } from '@/viz/graph/ports';
import type { Schema } from '@/viz/graph/schema';
import { changeNode, ordered } from '../actions';
import { parameterNameFor } from '../parameterNameFor';

/** The metrics that the step before a condition promises to report, the primary one first. */
export function metricsFor(document: PipelineDocument, id: string, catalog: Catalog): PromisedMetric[] {
  const to = formatEnd({ node: id, port: 'measured' });
  const from = (document.edges ?? []).find((edge) => edge.to === to)?.from;
  const source = (document.nodes ?? []).find((node) => node.id === parseEnd(from ?? '').node);
  const metrics = (source && functionOf(source, catalog)?.metrics) ?? [];
  return [...metrics].sort((a, b) => Number(b.isPrimary) - Number(a.isPrimary));
}

/** Conditions that are joined to a step but compare nothing yet, with the step's primary metric. */
export function withMetrics(document: PipelineDocument, catalog: Catalog): PipelineDocument {
  let isSame = true;
  const nodes = (document.nodes ?? []).map((node) => {
    const [primary] = node.type === 'condition' && !node.metric ? metricsFor(document, node.id, catalog) : [];
    if (!primary) return node;
    isSame = false;
    const { id, type, metric: _, operator: __, ...rest } = node;
    return { id, type, ...judging(primary), ...rest };
  });
  return isSame ? document : { ...document, nodes };
}

/** What a condition begins with: good enough by the metric's own direction. */
export function judging(metric: PromisedMetric | undefined): Pick<DocumentNode, 'metric' | 'operator'> {
  return metric
    ? { metric: metric.name, operator: metric.direction === 'min' ? '<=' : '>=' }
    : { operator: '>=' };
}

/** Let whoever runs the pipeline give the limit: it gets a parameter, named after what is compared. */
export function exposeLimit(document: PipelineDocument, node: DocumentNode): PipelineDocument {
  const most = node.operator === '<=' || node.operator === '<';
  const wanted = `${most ? 'max' : 'min'}_${node.metric || 'value'}`.replace(/[^A-Za-z0-9_]+/g, '_');
  const name = parameterNameFor(document, wanted);
  const schema: Schema = { type: 'number', ...(node.value === undefined ? {} : { default: node.value }) };
  const parameters = { ...document.parameters, [name]: schema };
  return ordered(changeNode({ ...document, parameters }, node.id, { value: bindingTo(name) }));
}
