/** What is different between two documents, as a history tells it. */

import { isEqual } from '@/viz/form/equal';
import { type DocumentNode, nodeTitle, type PipelineDocument } from '@/viz/graph/document';
import { notesOf } from '@/viz/graph/notes';

export type ChangeKind = 'added' | 'removed' | 'changed';

export interface NodeChange {
  kind: ChangeKind;
  id: string;
  title: string;
  /** Of a changed node: the paths of its fields that differ, as in `parameters.epochs`. */
  fields: string[];
}

export interface Changes {
  nodes: NodeChange[];
  numEdgesAdded: number;
  numEdgesRemoved: number;
  /** Names of the pipeline's parameters that were added, removed or changed. */
  parameters: string[];
  /** Title, description or task. */
  isRetold: boolean;
  /** Nodes that stay but stand elsewhere. */
  numMoved: number;
  /** Notes and groups that came, went or changed. */
  numNotes: number;
}

export function changesBetween(before: PipelineDocument, after: PipelineDocument, language: string): Changes {
  const [old, now] = [byId(before), byId(after)];
  const title = (node: DocumentNode) => nodeTitle(node, language);
  const removed = [...old.values()]
    .filter(({ id }) => !now.has(id))
    .map((node): NodeChange => ({ kind: 'removed', id: node.id, title: title(node), fields: [] }));
  const nodes = [...now.values()].flatMap((node): NodeChange[] => {
    const same = old.get(node.id);
    if (!same) return [{ kind: 'added', id: node.id, title: title(node), fields: [] }];
    const fields = differingFields(same, node);
    return fields.length > 0 ? [{ kind: 'changed', id: node.id, title: title(node), fields }] : [];
  });
  const [edgesBefore, edgesAfter] = [edgesOf(before), edgesOf(after)];
  return {
    nodes: [...nodes, ...removed],
    numEdgesAdded: [...edgesAfter].filter((edge) => !edgesBefore.has(edge)).length,
    numEdgesRemoved: [...edgesBefore].filter((edge) => !edgesAfter.has(edge)).length,
    parameters: differingKeys(before.parameters ?? {}, after.parameters ?? {}),
    isRetold: (['title', 'description', 'task'] as const).some((key) => !isEqual(before[key], after[key])),
    numMoved: [...now.keys()].filter((id) => old.has(id) && !isEqual(before.layout?.[id], after.layout?.[id]))
      .length,
    numNotes: differingKeys(notesOf(before), notesOf(after)).length,
  };
}

export function isNothing(changes: Changes): boolean {
  const { nodes, parameters, isRetold, numEdgesAdded, numEdgesRemoved, numMoved, numNotes } = changes;
  return (
    nodes.length + parameters.length + numEdgesAdded + numEdgesRemoved + numMoved + numNotes === 0 &&
    !isRetold
  );
}

function byId(document: PipelineDocument): Map<string, DocumentNode> {
  return new Map((document.nodes ?? []).map((node) => [node.id, node]));
}

function edgesOf(document: PipelineDocument): Set<string> {
  return new Set((document.edges ?? []).map(({ from, to }) => `${from}>${to}`));
}

/** Two levels deep: `parameters.epochs`, but `title`. */
function differingFields(before: DocumentNode, after: DocumentNode): string[] {
  const [x, y] = [before as unknown as Record<string, unknown>, after as unknown as Record<string, unknown>];
  return differingKeys(x, y).flatMap((key) => {
    const isDeep = ['parameters', 'search', 'resources', 'publish'].includes(key);
    return isDeep
      ? differingKeys(recordOf(x[key]), recordOf(y[key])).map((inner) => `${key}.${inner}`)
      : [key];
  });
}

function differingKeys(before: Record<string, unknown>, after: Record<string, unknown>): string[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].filter((key) => !isEqual(before[key], after[key])).sort();
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
