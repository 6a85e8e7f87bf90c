/** A document as the nodes and edges that the canvas draws. Nothing is stored in them: the document stays the source. */

import type { Edge, Node } from '@xyflow/react';
import { portColour } from './colours';
import type { Curve } from './curves';
import type { DocumentNode, PipelineDocument, Position } from './document';
import { parseEnd, resolved } from './document';
import { NODE_WIDTH, nodeHeight } from './layout';
import type { NodePorts, Port } from './ports';

/** Where a task of a run stands, as far as a node shows it. */
export interface NodeStatus {
  state: string;
  reason: string;
  why: string;
  progress: number | null;
  progressMessage: string;
  /** Since when it goes on; null when it does not. */
  since: string | null;
  duration_s: number | null;
  taskId: number;
  /** Which way a condition was decided: `then` or `otherwise`. */
  branch?: string | null;
  /** How a metric of it went so far, while it is at work. */
  curve?: Curve;
  /** Of a search: trials that ended, how many there are at most, and the best value so far. */
  numEnded?: number;
  numTrials?: number;
  best?: number | null;
}

export interface NodeData extends Record<string, unknown> {
  node: DocumentNode;
  inputs: Port[];
  outputs: Port[];
  /** The dataset or model that a reference stands for by now, or the limit of a condition. */
  asset: string;
  /** What of its settings the node shows, at most two. */
  facts: [string, string][];
  problem: string;
  problemIsError: boolean;
  status: NodeStatus | null;
}

export type FlowNode = Node<NodeData, 'step'>;
export type FlowEdge = Edge<{ colour: string; isOrder: boolean }>;

/** Handles of edges that only order: on the header of every algorithm node. */
export const ORDER_HANDLE = '';

/** React Flow calls them `node` and `edge`, in English alone. */
export const NO_ROLE = { 'aria-roledescription': undefined };

export interface FlowProblem {
  node: string;
  reason: string;
  severity: 'error' | 'warning';
}

export function toFlow(
  document: PipelineDocument,
  ports: ReadonlyMap<string, NodePorts>,
  layout: Record<string, Position>,
  {
    selected = new Set<string>(),
    problems = [] as FlowProblem[],
    statuses = new Map<string, NodeStatus>() as ReadonlyMap<string, NodeStatus>,
    facts = (_: DocumentNode): [string, string][] => [],
    given = {} as Record<string, unknown>,
  } = {},
): { nodes: FlowNode[]; edges: FlowEdge[] } {
  const parameters = document.parameters ?? {};
  const nodes = (document.nodes ?? []).map((node): FlowNode => {
    const own = ports.get(node.id);
    const wrong = problems.filter((problem) => problem.node === node.id);
    const worst = wrong.find((problem) => problem.severity === 'error') ?? wrong[0];
    return {
      id: node.id,
      type: 'step',
      position: layout[node.id] ?? { x: 0, y: 0 },
      width: NODE_WIDTH,
      height: nodeHeight(own),
      domAttributes: NO_ROLE,
      selected: selected.has(node.id),
      data: {
        node,
        inputs: own?.inputs ?? [],
        outputs: own?.outputs ?? [],
        asset: String(resolved(node.dataset ?? node.model ?? node.value, parameters, given) ?? ''),
        facts: facts(node),
        problem: worst?.reason ?? '',
        problemIsError: worst?.severity === 'error',
        status: statuses.get(node.id) ?? null,
      },
    };
  });
  const known = new Set(nodes.map((node) => node.id));
  const edges = (document.edges ?? [])
    .filter((edge) => known.has(parseEnd(edge.from).node) && known.has(parseEnd(edge.to).node))
    .map((edge): FlowEdge => {
      const [from, to] = [parseEnd(edge.from), parseEnd(edge.to)];
      const id = `${edge.from}>${edge.to}`;
      const output = ports.get(from.node)?.outputs.find((port) => port.name === from.port);
      const isOrder = from.port === '';
      const taken = output?.type === 'branch' ? statuses.get(from.node)?.branch : null;
      const isLeft = Boolean(taken) && taken !== from.port;
      const colour = isOrder ? 'var(--fg-3)' : portColour(output?.type ?? '');
      return {
        id,
        source: from.node,
        target: to.node,
        sourceHandle: `out:${from.port}`,
        targetHandle: `in:${to.port}`,
        ariaLabel: `“${edge.from}” → “${edge.to}”`,
        domAttributes: NO_ROLE,
        selected: selected.has(id),
        data: { colour, isOrder },
        style: {
          stroke: selected.has(id) ? 'var(--accent)' : colour,
          strokeWidth: selected.has(id) || (taken && !isLeft) ? 2.5 : 1.5,
          strokeDasharray: isOrder || isLeft ? '4 4' : undefined,
          opacity: isLeft ? 0.4 : undefined,
        },
      };
    });
  return { nodes, edges };
}

/** The document that a canvas shows, read back from it: the inverse of `toFlow`, for what a canvas can change. */
export function fromFlow(document: PipelineDocument, nodes: FlowNode[], edges: FlowEdge[]): PipelineDocument {
  const port = (handle: string | null | undefined) => (handle ?? '').replace(/^(in|out):/, '');
  const end = (node: string, handle: string | null | undefined) =>
    port(handle) ? `${node}.${port(handle)}` : node;
  return {
    ...document,
    nodes: nodes.map((node) => node.data.node),
    edges: edges.map((edge) => ({
      from: end(edge.source, edge.sourceHandle),
      to: end(edge.target, edge.targetHandle),
    })),
    layout: Object.fromEntries(nodes.map((node) => [node.id, node.position])),
  };
}
