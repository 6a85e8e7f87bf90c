import { Suspense } from 'react';
import { nodeColour, portColour } from './colours';
import { nodeTitle, type PipelineDocument, parseEnd } from './document';
import { iconOf } from './icons';
import { placed, useArrange } from './layout';
import { allPorts, type Catalog, EMPTY_CATALOG } from './ports';

interface MiniGraphProps {
  document: PipelineDocument;
  catalog?: Catalog;
  language: string;
  label: string;
  className?: string;
}

/** Nodes are tiles, so the layout of the canvas is drawn closer together. */
const SCALE = { x: 0.44, y: 0.47 };
const TILE = 44;
const COLUMN = 124;
const ROW = 72;
/** Few steps are not drawn larger than many: the picture has at least this room. */
const LEAST = { width: 400, height: 136 };

/** A pipeline as a small picture: tiles in the colours of what they do, lines in those of what flows. */
export function MiniGraph(props: MiniGraphProps) {
  return (
    <Suspense fallback={<div className={props.className} />}>
      <Picture {...props} />
    </Suspense>
  );
}

function Picture({ document, catalog = EMPTY_CATALOG, language, label, className }: MiniGraphProps) {
  const arrange = useArrange(document);
  const ports = allPorts(document, catalog);
  const places = Object.entries(placed(document, ports, arrange));
  const nodes = document.nodes ?? [];
  if (nodes.length === 0) return null;
  const layout = Object.fromEntries(places.map(([id, { x, y }]) => [id, { x: x * SCALE.x, y: y * SCALE.y }]));
  const all = Object.values(layout);
  const [left, top] = [Math.min(...all.map(({ x }) => x)), Math.min(...all.map(({ y }) => y))];
  const [right, bottom] = [Math.max(...all.map(({ x }) => x)), Math.max(...all.map(({ y }) => y))];
  const own = { width: right - left + COLUMN, height: bottom - top + ROW };
  const width = Math.max(LEAST.width, own.width);
  const height = Math.max(LEAST.height, own.height);
  return (
    <svg
      role="img"
      aria-label={label}
      viewBox={`${left - (width - own.width) / 2} ${top - 2 - (height - own.height) / 2} ${width} ${height}`}
      className={className}
    >
      {(document.edges ?? []).map((edge) => {
        const [from, to] = [parseEnd(edge.from), parseEnd(edge.to)];
        const [a, b] = [layout[from.node], layout[to.node]];
        if (!a || !b) return null;
        const type = ports.get(from.node)?.outputs.find(({ name }) => name === from.port)?.type ?? '';
        const [x0, x1] = [a.x + (COLUMN + TILE) / 2, b.x + (COLUMN - TILE) / 2];
        const [y0, y1] = [a.y + TILE / 2, b.y + TILE / 2];
        const bend = Math.max(16, (x1 - x0) / 2);
        return (
          <path
            key={`${edge.from}>${edge.to}`}
            d={`M${x0} ${y0}C${x0 + bend} ${y0} ${x1 - bend} ${y1} ${x1} ${y1}`}
            fill="none"
            stroke={from.port ? portColour(type) : 'var(--fg-3)'}
            strokeDasharray={from.port ? undefined : '4 4'}
            strokeWidth={1.5}
            opacity={0.6}
          />
        );
      })}
      {nodes.map((node) => {
        const at = layout[node.id] ?? { x: 0, y: 0 };
        const colour = nodeColour(node);
        const Icon = iconOf(node.type === 'algorithm' ? (node.function ?? '') : node.type);
        return (
          <g key={node.id} transform={`translate(${at.x + (COLUMN - TILE) / 2} ${at.y})`}>
            <rect
              width={TILE}
              height={TILE}
              rx={10}
              fill="var(--surface)"
              stroke={colour}
              strokeWidth={1.5}
            />
            <rect width={TILE} height={TILE} rx={10} fill={colour} opacity={0.12} />
            <Icon x={12} y={12} width={20} height={20} color={colour} />
            <text
              x={TILE / 2}
              y={TILE + 17}
              textAnchor="middle"
              fontSize={13}
              fontWeight={500}
              fill="var(--fg-2)"
            >
              {shortened(nodeTitle(node, language))}
            </text>
          </g>
        );
      })}
    </svg>
  );
}

function shortened(text: string): string {
  return text.length > 16 ? `${text.slice(0, 15)}…` : text;
}
