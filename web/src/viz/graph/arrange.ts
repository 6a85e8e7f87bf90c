/** The layout from left to right, apart for the size of the library that computes it. */

import * as dagre from '@dagrejs/dagre';
import { makeWay } from './behind';
import { parseEnd } from './document';
import { type Arrange, NODE_WIDTH, nodeHeight, onGrid } from './layout';

export const arrange: Arrange = (document, ports) => {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: 'LR', nodesep: 32, ranksep: 72, marginx: 0, marginy: 0 });
  graph.setDefaultEdgeLabel(() => ({}));
  const nodes = document.nodes ?? [];
  const known = new Set(nodes.map((node) => node.id));
  for (const node of nodes) {
    graph.setNode(node.id, { width: NODE_WIDTH, height: nodeHeight(ports.get(node.id)) });
  }
  for (const edge of document.edges ?? []) {
    const [source, target] = [parseEnd(edge.from).node, parseEnd(edge.to).node];
    if (known.has(source) && known.has(target) && source !== target) graph.setEdge(source, target);
  }
  dagre.layout(graph);
  const layout = Object.fromEntries(
    nodes.map((node) => {
      const { x, y, height } = graph.node(node.id) as { x: number; y: number; height: number };
      return [node.id, { x: onGrid(x - NODE_WIDTH / 2), y: onGrid(y - height / 2) }];
    }),
  );
  return makeWay(document, ports, layout);
};
