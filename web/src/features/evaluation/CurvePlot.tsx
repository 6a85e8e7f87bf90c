import { type PointerEvent, useState } from 'react';
import { curvePath, nearestPoint } from './model';

interface CurvePlotProps {
  title: string;
  note: string;
  xTitle: string;
  yTitle: string;
  /** Points in the unit square. */
  x: number[];
  y: number[];
  /** The point that is marked. */
  at: number | null;
  hasDiagonal?: boolean;
  describe: (index: number) => string;
  onPick: (index: number) => void;
}

const SIDE = 200;
const TICKS = [0, 0.5, 1];
const BOX = '-36 -10 250 246';

/** A curve in the unit square; pointing at it tells the nearest point, a click picks that. */
export function CurvePlot(props: CurvePlotProps) {
  const { title, note, xTitle, yTitle, x, y, at, hasDiagonal, describe, onPick } = props;
  const [pointed, setPointed] = useState<number | null>(null);
  const find = (event: PointerEvent<SVGRectElement>): number => {
    const frame = event.currentTarget.getBoundingClientRect();
    const place: [number, number] = [
      (event.clientX - frame.left) / frame.width,
      1 - (event.clientY - frame.top) / frame.height,
    ];
    return nearestPoint(x, y, place);
  };
  const dot = pointed ?? at;
  return (
    <figure className="min-w-0">
      <figcaption className="mb-1 flex items-baseline justify-between gap-2 text-12">
        <span className="truncate font-medium">{title}</span>
        <span className="shrink-0 text-fg-3 tabular-nums">{note}</span>
      </figcaption>
      <svg viewBox={BOX} role="img" aria-label={title} className="block w-full select-none">
        {TICKS.map((tick) => (
          <g key={tick} className="fill-fg-3 text-[9px]">
            <line x1={0} x2={SIDE} y1={(1 - tick) * SIDE} y2={(1 - tick) * SIDE} stroke="var(--line)" />
            <line x1={tick * SIDE} x2={tick * SIDE} y1={0} y2={SIDE} stroke="var(--line)" />
            <text x={-5} y={(1 - tick) * SIDE + 3} textAnchor="end">
              {tick}
            </text>
            <text x={tick * SIDE} y={SIDE + 12} textAnchor="middle">
              {tick}
            </text>
          </g>
        ))}
        <text x={SIDE / 2} y={SIDE + 26} textAnchor="middle" className="fill-fg-2 text-[10px]">
          {xTitle}
        </text>
        <text
          transform={`translate(-27 ${SIDE / 2}) rotate(-90)`}
          textAnchor="middle"
          className="fill-fg-2 text-[10px]"
        >
          {yTitle}
        </text>
        {hasDiagonal && (
          <line x1={0} y1={SIDE} x2={SIDE} y2={0} stroke="var(--line-strong)" strokeDasharray="3 3" />
        )}
        <path d={curvePath(x, y, SIDE)} fill="none" stroke="var(--accent)" strokeWidth={1.75} />
        {dot !== null && x[dot] !== undefined && (
          <circle
            cx={(x[dot] as number) * SIDE}
            cy={(1 - (y[dot] as number)) * SIDE}
            r={4}
            fill={pointed === null ? 'var(--accent)' : 'var(--surface)'}
            stroke="var(--accent)"
            strokeWidth={2}
          />
        )}
        {/* The threshold's slider is what the keyboard uses. */}
        <rect
          width={SIDE}
          height={SIDE}
          fill="transparent"
          className="cursor-crosshair"
          onPointerMove={(event) => setPointed(find(event))}
          onPointerLeave={() => setPointed(null)}
          onPointerDown={(event) => onPick(find(event))}
        >
          {pointed !== null && <title>{describe(pointed)}</title>}
        </rect>
      </svg>
    </figure>
  );
}
