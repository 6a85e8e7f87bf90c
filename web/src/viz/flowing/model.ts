/** What flows along an edge, so far as there is any: a version of a dataset, a model, or what a step reported. */

import { type PipelineDocument, parseEnd, resolved, splitVersion } from '../graph/document';

/** The task that stands for a step, of the run that is shown or of the last one. */
export interface FlowTask {
  id: number;
  name: string;
}

export type Flowing =
  | { kind: 'dataset'; name: string; version: number | null }
  | { kind: 'model'; name: string; version: number | null }
  /** The output of a step that has run. */
  | { kind: 'output'; task: number; output: string }
  /** Its step has not run yet, or its name is not chosen yet. */
  | { kind: 'nothing' };

/** What flows along an edge `from>to`; null for an edge that only orders or decides, and for one that is not there. */
export function flowingAlong(
  document: PipelineDocument,
  edgeId: string,
  tasks: FlowTask[],
  given: Record<string, unknown> = {},
): Flowing | null {
  const edge = (document.edges ?? []).find(({ from, to }) => `${from}>${to}` === edgeId);
  const { node: id, port } = parseEnd(edge?.from ?? '');
  const node = (document.nodes ?? []).find((each) => each.id === id);
  if (!node || !port || node.type === 'condition') return null;
  if (node.type !== 'algorithm') {
    const reference = String(resolved(node[node.type], document.parameters ?? {}, given) ?? '');
    return reference ? { kind: node.type, ...versioned(reference) } : { kind: 'nothing' };
  }
  const task = tasks.find(({ name }) => name === id);
  return task ? { kind: 'output', task: task.id, output: port } : { kind: 'nothing' };
}

/** `digits@3` and its number; without one it is the latest. */
export function versioned(reference: string): { name: string; version: number | null } {
  const { name, version } = splitVersion(reference);
  return { name, version: Number(version) || null };
}

/** The classes with the most samples first; what is beyond `most` is one sum. */
export function largest(
  classes: { name: string; count: number }[],
  most: number,
): { shown: { name: string; count: number }[]; rest: { classes: number; count: number } } {
  const sorted = [...classes].sort((a, b) => b.count - a.count || a.name.localeCompare(b.name));
  const left = sorted.slice(most);
  return {
    shown: sorted.slice(0, most),
    rest: { classes: left.length, count: left.reduce((sum, { count }) => sum + count, 0) },
  };
}

/** Beside the pointer, and inside the canvas. */
export function cardPlace(
  at: { x: number; y: number },
  card: { width: number; height: number },
  canvas: { width: number; height: number },
): { x: number; y: number } {
  const gap = 14;
  const below = at.y + gap;
  return {
    x: Math.max(8, Math.min(at.x + gap, canvas.width - card.width - 8)),
    y: below + card.height + 8 <= canvas.height ? below : Math.max(8, at.y - gap - card.height),
  };
}
