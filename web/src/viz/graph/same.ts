/** Drawing only what changed: the canvas leaves alone every node and edge that is the same object as before. */

import type { FlowEdge, FlowNode, NodeStatus } from './flow';

interface Drawn {
  nodes: FlowNode[];
  edges: FlowEdge[];
}

/** What is to be drawn now, with the objects of the last drawing wherever they say the same. */
export function keepSame(before: Drawn, now: Drawn): Drawn {
  const nodes = new Map(before.nodes.map((node) => [node.id, node]));
  const edges = new Map(before.edges.map((edge) => [edge.id, edge]));
  return {
    nodes: sameList(
      before.nodes,
      now.nodes.map((node) => {
        const old = nodes.get(node.id);
        const kept = same(old, node, isSameNode);
        return kept === old ? kept : withMeasures(old, node);
      }),
    ),
    edges: sameList(
      before.edges,
      now.edges.map((edge) => same(edges.get(edge.id), edge, isSameEdge)),
    ),
  };
}

/** A node whose ports stand where they stood: the canvas need not look where that is. */
function withMeasures(old: FlowNode | undefined, node: FlowNode): FlowNode {
  const { width, height } = node;
  const stands = old !== undefined && old.width === width && old.height === height;
  return stands && portNames(old) === portNames(node) ? { ...node, measured: { width, height } } : node;
}

function portNames({ data }: FlowNode): string {
  return [data.inputs, data.outputs].map((side) => side.map(({ name }) => name).join()).join('|');
}

function sameList<T>(old: T[], next: T[]): T[] {
  return old.length === next.length && next.every((each, index) => each === old[index]) ? old : next;
}

function same<T>(old: T | undefined, next: T, isSame: (a: T, b: T) => boolean): T {
  return old !== undefined && isSame(old, next) ? old : next;
}

function isSameNode(a: FlowNode, b: FlowNode): boolean {
  const { status: statusA, facts: factsA, ...restA } = a.data;
  const { status: statusB, facts: factsB, ...restB } = b.data;
  return (
    a.selected === b.selected &&
    a.width === b.width &&
    a.height === b.height &&
    isShallowSame(a.position, b.position) &&
    isShallowSame(restA, restB) &&
    factsA.flat().join('\n') === factsB.flat().join('\n') &&
    isSameStatus(statusA, statusB)
  );
}

function isSameStatus(a: NodeStatus | null, b: NodeStatus | null): boolean {
  return a === b || (a !== null && b !== null && isShallowSame(a, b));
}

function isSameEdge(a: FlowEdge, b: FlowEdge): boolean {
  return (
    a.selected === b.selected &&
    isShallowSame(a.data ?? {}, b.data ?? {}) &&
    isShallowSame(a.style ?? {}, b.style ?? {})
  );
}

function isShallowSame(a: object, b: object): boolean {
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  const names = Object.keys(left);
  return (
    names.length === Object.keys(right).length && names.every((name) => Object.is(left[name], right[name]))
  );
}
