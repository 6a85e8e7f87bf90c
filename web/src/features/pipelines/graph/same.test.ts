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
  duration_s,
  taskId: 1,
});
const drawn = (duration_s: number) =>
  toFlow(document, ports, layout, { statuses: new Map([['data', status(duration_s)]]) });

test('a drawing that says the same keeps every object', () => {
  const before = drawn(1);
  const now = keepSame(before, drawn(1));
  expect(now.nodes.map((node, index) => node === before.nodes[index])).toEqual([true, true]);
  expect(now.edges.map((edge, index) => edge === before.edges[index])).toEqual([true]);
});

test('only the node whose status changed is another object', () => {
  const before = drawn(1);
  const now = keepSame(before, drawn(2));
  expect(now.nodes.map((node, index) => node === before.nodes[index])).toEqual([false, true]);
  expect(now.nodes[0]?.data.status?.duration_s).toBe(2);
});

test('a node that moved, was selected or is new is drawn anew', () => {
  const before = drawn(1);
  const moved = toFlow(document, ports, { ...layout, more: { x: 1, y: 1 } }, { selected: new Set(['data']) });
  const now = keepSame(before, moved);
  expect(now.nodes.map((node, index) => node === before.nodes[index])).toEqual([false, false]);
  expect(keepSame({ nodes: [], edges: [] }, before)).toEqual(before);
});
