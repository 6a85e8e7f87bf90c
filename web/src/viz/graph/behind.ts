/** Which edges run behind steps that they have nothing to do with, and how steps are moved out of their way. */

import { type PipelineDocument, type Position, parseEnd } from './document';
import { HEADER_HEIGHT, NODE_WIDTH, nodeHeight, onGrid, PORT_HEIGHT, PORTS_PADDING } from './layout';
import type { NodePorts } from './ports';

type Layout = Record<string, Position>;
type Ports = ReadonlyMap<string, NodePorts>;

interface Interval {
  low: number;
  high: number;
}

interface Curve {
  edge: string;
  ends: [string, string];
  from: Position;
  to: Position;
}

/** What stays free around a step. */
const MARGIN = 12;
const SAMPLES = 16;
/** Of a larger pipeline only a part is in sight, and trying places takes long: 12 steps with 22 edges 50 ms, 25 with 48 0.8 s. */
const MOST_STEPS = 16;
/** How many edges one move looks at, and how many moves there are at most. */
const AT_ONCE = 6;
const MOST_MOVES = 24;

/** The edges that run behind a step, each as `from > to` with the id of the step. */
export function edgesBehind(document: PipelineDocument, ports: Ports, layout: Layout): [string, string][] {
  const curves = curvesOf(document, ports, layout);
  return Object.keys(layout).flatMap((id) =>
    passing(curves, id, layout)
      .filter(({ interval }) => overlaps(interval, boxOf(id, ports, layout)))
      .map(({ edge }): [string, string] => [edge, id]),
  );
}

/**
 * The layout with steps moved up or down, as little as will do, where edges ran behind them. Each move is the one after
 * which the fewest edges run behind a step; it ends when no move makes them fewer, which may leave some.
 */
export function makeWay(document: PipelineDocument, ports: Ports, layout: Layout): Layout {
  const ids = Object.keys(layout);
  if (ids.length > MOST_STEPS) return layout;
  let best = layout;
  let behind = edgesBehind(document, ports, layout);
  for (let number = 0; number < MOST_MOVES && behind.length > 0; number += 1) {
    const moves = candidates(document, ports, best, behind.slice(0, AT_ONCE)).map(({ id, y }) => {
      const moved = { ...best, [id]: { x: at(best, id).x, y } };
      return { moved, by: Math.abs(y - at(best, id).y), left: edgesBehind(document, ports, moved) };
    });
    const move = moves.sort((a, b) => a.left.length - b.left.length || a.by - b.by)[0];
    if (!move || move.left.length >= behind.length) break;
    best = move.moved;
    behind = move.left;
  }
  const top = Math.min(0, ...ids.map((id) => at(best, id).y));
  return Object.fromEntries(ids.map((id) => [id, { x: at(best, id).x, y: at(best, id).y - top }]));
}

/** Where a step that an edge runs behind may go, and where the edge's ends may: free places, and level with the other end. */
function candidates(
  document: PipelineDocument,
  ports: Ports,
  layout: Layout,
  behind: [string, string][],
): { id: string; y: number }[] {
  const curves = curvesOf(document, ports, layout);
  const found = new Map<string, { id: string; y: number }>();
  for (const [edge, step] of behind) {
    const [from, to] = curves.find((curve) => curve.edge === edge)?.ends ?? [step, step];
    const level: [string, string][] = [
      [from, to],
      [to, from],
    ];
    for (const id of [step, from, to]) {
      const taken = takenBeside(id, curves, ports, layout);
      const height = nodeHeight(ports.get(id));
      const edges = taken.flatMap(({ low, high }) => [
        -onGrid(MARGIN + height - low + 4),
        onGrid(high + MARGIN + 4),
      ]);
      const levels = level.flatMap(([one, other]) => (one === id ? [at(layout, other).y] : []));
      for (const y of [...edges, ...levels])
        if (!taken.some((each) => overlaps(each, { low: y, high: y + height })))
          found.set(`${id} ${y}`, { id, y });
    }
  }
  return [...found.values()];
}

/** The heights that are taken in the columns of a step: by edges that pass, and by steps above and below. */
function takenBeside(id: string, curves: Curve[], ports: Ports, layout: Layout): Interval[] {
  const beside = Object.keys(layout).filter(
    (other) => other !== id && Math.abs(at(layout, other).x - at(layout, id).x) < NODE_WIDTH,
  );
  return [
    ...passing(curves, id, layout).map(({ interval }) => interval),
    ...beside.map((other) => boxOf(other, ports, layout)),
  ];
}

function overlaps(one: Interval, box: Interval): boolean {
  return one.high > box.low - MARGIN && one.low < box.high + MARGIN;
}

function at(layout: Layout, id: string): Position {
  return layout[id] ?? { x: 0, y: 0 };
}

function boxOf(id: string, ports: Ports, layout: Layout): Interval {
  const { y } = at(layout, id);
  return { low: y, high: y + nodeHeight(ports.get(id)) };
}

/** The heights at which edges pass the columns of a step that is none of their ends. */
function passing(curves: Curve[], id: string, layout: Layout): { edge: string; interval: Interval }[] {
  const left = at(layout, id).x - MARGIN;
  const right = at(layout, id).x + NODE_WIDTH + MARGIN;
  return curves.flatMap(({ edge, ends, from, to }) => {
    if (ends.includes(id) || to.x < left || from.x > right) return [];
    const heights = pointsOf(from, to).flatMap(({ x, y }) => (x >= left && x <= right ? [y] : []));
    if (heights.length === 0) return [];
    return [{ edge, interval: { low: Math.min(...heights), high: Math.max(...heights) } }];
  });
}

/** Points of the curve that the canvas draws between two ports, from left to right. */
function pointsOf(from: Position, to: Position): Position[] {
  const bend = (to.x - from.x) / 2;
  return Array.from({ length: SAMPLES + 1 }, (_, index) => {
    const t = index / SAMPLES;
    const [a, b, c, d] = [(1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t ** 2, t ** 3];
    return {
      x: a * from.x + b * (from.x + bend) + c * (to.x - bend) + d * to.x,
      y: (a + b) * from.y + (c + d) * to.y,
    };
  });
}

function curvesOf(document: PipelineDocument, ports: Ports, layout: Layout): Curve[] {
  return (document.edges ?? []).flatMap((edge) => {
    const [from, to] = [parseEnd(edge.from), parseEnd(edge.to)];
    const [a, b] = [layout[from.node], layout[to.node]];
    if (!a || !b || from.node === to.node) return [];
    return [
      {
        edge: `${edge.from} > ${edge.to}`,
        ends: [from.node, to.node] as [string, string],
        from: { x: a.x + NODE_WIDTH, y: a.y + portHeight(ports.get(from.node)?.outputs, from.port) },
        to: { x: b.x, y: b.y + portHeight(ports.get(to.node)?.inputs, to.port) },
      },
    ];
  });
}

/** How far below the top of its step a port is; an edge of order alone ends at the header. */
function portHeight(ports: readonly { name: string }[] | undefined, name: string): number {
  const index = ports?.findIndex((port) => port.name === name) ?? -1;
  return index < 0 ? HEADER_HEIGHT / 2 : HEADER_HEIGHT + PORTS_PADDING / 2 + (index + 0.5) * PORT_HEIGHT;
}
