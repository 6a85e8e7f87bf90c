import { nodeColour, portColour } from './colours';
import type { PipelineDocument } from './document';
import { nodeTitle, parseEnd } from './document';
import { bounds, NODE_WIDTH, placed } from './layout';
import { allPorts, type Catalog, EMPTY_CATALOG } from './ports';

interface MiniGraphProps {
  document: PipelineDocument;
  catalog?: Catalog;
  language: string;
  label: string;
  className?: string;
}

const HEIGHT = 64;

/** A pipeline as a small picture: boxes in the colours of what they do, lines in those of what flows. */
export function MiniGraph({ document, catalog = EMPTY_CATALOG, language, label, className }: MiniGraphProps) {
  const ports = allPorts(document, catalog);
  const layout = placed(document, ports);
  const box = bounds(layout, ports);
  const nodes = document.nodes ?? [];
  if (nodes.length === 0) return null;
  const low = Math.max(...Object.values(layout).map(({ y }) => y)) + HEIGHT;
  return (
    <svg
      role="img"
      aria-label={label}
      viewBox={`${box.x - 8} ${box.y - 8} ${box.width + 16} ${low - box.y + 16}`}
      className={className}
    >
      {(document.edges ?? []).map((edge) => {
        const [from, to] = [parseEnd(edge.from), parseEnd(edge.to)];
        const [a, b] = [layout[from.node], layout[to.node]];
        if (!a || !b) return null;
        const type = ports.get(from.node)?.outputs.find(({ name }) => name === from.port)?.type ?? '';
        const [x0, y0, x1, y1] = [a.x + NODE_WIDTH, a.y + HEIGHT / 2, b.x, b.y + HEIGHT / 2];
        const bend = Math.max(24, (x1 - x0) / 2);
        return (
          <path
            key={`${edge.from}>${edge.to}`}
            d={`M${x0} ${y0}C${x0 + bend} ${y0} ${x1 - bend} ${y1} ${x1} ${y1}`}
            fill="none"
            stroke={from.port ? portColour(type) : 'var(--fg-3)'}
            strokeDasharray={from.port ? undefined : '8 8'}
            strokeWidth={3}
            opacity={0.55}
          />
        );
      })}
      {nodes.map((node) => {
        const at = layout[node.id] ?? { x: 0, y: 0 };
        const colour = nodeColour(node);
        return (
          <g key={node.id} transform={`translate(${at.x} ${at.y})`}>
            <rect
              width={NODE_WIDTH}
              height={HEIGHT}
              rx={12}
              fill="var(--surface)"
              stroke="var(--line-strong)"
              strokeWidth={2}
            />
            <rect x={14} y={18} width={28} height={28} rx={7} fill={colour} opacity={0.85} />
            <text x={54} y={39} fontSize={20} fontWeight={600} fill="var(--fg)">
              {shortened(nodeTitle(node, language))}
            </text>
          </g>
        );
      })}
    </svg>
  );
}

function shortened(text: string): string {
  return text.length > 15 ? `${text.slice(0, 14)}…` : text;
}
