import { expect, test } from 'vitest';
import { arrange } from './arrange';
import type { PipelineDocument } from './document';
import { type NodeStatus, toFlow } from './flow';
import { placed } from './layout';
import { allPorts, EMPTY_CATALOG } from './ports';
import { keepSame } from './same';

const document: PipelineDocument = {
  schema: 'kpl.pipeline/v1',
  name: 'two',
  nodes: [
    { id: 'data', type: 'dataset', dataset: 'digits' },
    { id: 'more', type: 'dataset', dataset: 'digits' },
  ],
  edges: [{ from: 'data', to: 'more' }],
};
const ports = allPorts(document, EMPTY_CATALOG, {});
const layout = placed(document, ports, arrange);
const status = (duration_s: number): NodeStatus => ({
  state: 'running',
  reason: '',
  why: '',
  progress: null,
  progressMessage: '',
  since: null,
  duration_s,
  taskId: 1,
});
const drawn = (duration_s: number) =>
  toFlow(document, ports, layout, { statuses: new Map([['data', status(duration_s)]]) });

test('a drawing that says the same keeps every object, and their lists', () => {
  const before = drawn(1);
  const now = keepSame(before, drawn(1));
  expect(now.nodes).toBe(before.nodes);
  expect(now.edges).toBe(before.edges);
});

test('only the node whose status changed is another object', () => {
  const before = drawn(1);
  const now = keepSame(before, drawn(2));
  expect(now.nodes.map((node, index) => node === before.nodes[index])).toEqual([false, true]);
  expect(now.nodes[0]?.data.status?.duration_s).toBe(2);
  expect(now.nodes[0]?.measured).toEqual({ width: now.nodes[0]?.width, height: now.nodes[0]?.height });
  expect(now.edges).toBe(before.edges);
});

test('a node that moved, was selected or is new is drawn anew', () => {
  const before = drawn(1);
  const moved = toFlow(document, ports, { ...layout, more: { x: 1, y: 1 } }, { selected: new Set(['data']) });
  const now = keepSame(before, moved);
  expect(now.nodes.map((node, index) => node === before.nodes[index])).toEqual([false, false]);
  expect(keepSame({ nodes: [], edges: [] }, before)).toEqual(before);
});

test('a node with other ports is measured anew', () => {
  const before = drawn(1);
  const [node] = drawn(2).nodes;
  if (!node) throw new Error('there is a node');
  const port = { name: 'more', type: 'dataset', kinds: [], isOptional: false };
  const changed = { ...node, data: { ...node.data, outputs: [...node.data.outputs, port] } };
  expect(keepSame(before, { nodes: [changed], edges: [] }).nodes[0]?.measured).toBeUndefined();
});
