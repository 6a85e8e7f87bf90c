import { type MouseEvent, useState } from 'react';
import { cx } from '@/ui/cx';
import type { Axis, Tick } from './axis';
import { useWidth } from './useWidth';

export interface Dot {
  id: number;
  x: unknown;
  y: number | null;
  /** How it stands out: the one best, one that came to no end of its own, or like all others. */
  look: 'best' | 'open' | 'plain';
  /** Shown while one points at it. */
  words: string;
}

interface ScatterPlotProps {
  /** Read out. */
  label: string;
  xTitle: string;
  xAxis: Axis;
  yAxis: Axis;
  dots: Dot[];
  /** A line of steps from the left to the right, as of the best so far. */
  line?: { x: number; y: number }[];
  height: number;
  onPick: (id: number) => void;
}

const LEFT = 44;
const RIGHT = 8;
const TOP = 8;
const BOTTOM = 34;
/** About how wide a character of a tick is, in pixels. */
const CHARACTER = 7;
/** How near the pointer must come to a dot, in pixels. */
const REACH = 14;

/** Dots over two axes; pointing at one tells what it is, a click opens it. Tables beside it are what the keyboard uses. */
export function ScatterPlot(props: ScatterPlotProps) {
  const { label, xTitle, xAxis, yAxis, dots, line = [], height, onPick } = props;
  const [frame, width] = useWidth<HTMLDivElement>();
  const [pointed, setPointed] = useState<number | null>(null);
  const [right, bottom] = [Math.max(LEFT + 1, width - RIGHT), height - BOTTOM];
  const atX = (share: number) => LEFT + share * (right - LEFT);
  const atY = (share: number) => bottom - share * (bottom - TOP);
  const placed = dots.flatMap((dot) => {
    const [x, y] = [xAxis.place(dot.x), yAxis.place(dot.y)];
    return x === null || y === null ? [] : [{ ...dot, left: atX(x), top: atY(y) }];
  });
  const at = ({ currentTarget, clientX, clientY }: MouseEvent<SVGElement>) => {
    const box = currentTarget.getBoundingClientRect();
    const [left, top] = [clientX - box.left, clientY - box.top];
    const away = (dot: (typeof placed)[number]) => Math.hypot(dot.left - left, dot.top - top);
    const near = placed.filter((dot) => away(dot) <= REACH).sort((a, b) => away(a) - away(b));
    return near[0]?.id ?? null;
  };
  const shown = placed.find(({ id }) => id === pointed);
  // The best lies above what it stands among.
  const sorted = [...placed].sort((a, b) => Number(a.look === 'best') - Number(b.look === 'best'));
  return (
    <div ref={frame} className="relative" style={{ height }}>
      {width > 0 && (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the table beside it is what the keyboard uses
        <svg
          role="img"
          aria-label={label}
          width={width}
          height={height}
          className={cx('block select-none', pointed !== null && 'cursor-pointer')}
          onPointerMove={(event) => setPointed(at(event))}
          onPointerLeave={() => setPointed(null)}
          onClick={(event) => {
            const id = at(event);
            if (id !== null) onPick(id);
          }}
        >
          {yAxis.ticks.map(({ at, text }) => (
            <g key={text} className="fill-fg-3 text-[11px] tabular-nums">
              <line x1={LEFT} x2={right} y1={atY(at)} y2={atY(at)} stroke="var(--line)" />
              <text x={LEFT - 6} y={atY(at) + 4} textAnchor="end">
                {text}
              </text>
            </g>
          ))}
          <line x1={LEFT} x2={right} y1={bottom} y2={bottom} stroke="var(--line-strong)" />
          {legible(xAxis.ticks, right - LEFT).map(({ at, text }) => (
            <g key={text} className="fill-fg-3 text-[11px] tabular-nums">
              <line x1={atX(at)} x2={atX(at)} y1={bottom} y2={bottom + 3} stroke="var(--line-strong)" />
              <text x={atX(at)} y={bottom + 15} textAnchor="middle">
                {text}
              </text>
            </g>
          ))}
          <text x={(LEFT + right) / 2} y={height - 4} textAnchor="middle" className="fill-fg-2 text-[11px]">
            {xTitle}
          </text>
          <path
            d={stepPath(
              line,
              (x) => atX(xAxis.place(x) ?? 0),
              (y) => atY(yAxis.place(y) ?? 0),
            )}
            fill="none"
            stroke="var(--accent)"
            strokeWidth={1.5}
          />
          {sorted.map(({ id, left, top, look }) => (
            <circle
              key={id}
              cx={left}
              cy={top}
              r={id === pointed ? 6 : look === 'best' ? 5 : 3.5}
              fill={look === 'best' ? 'var(--ok)' : look === 'open' ? 'var(--surface)' : 'var(--accent)'}
              fillOpacity={look === 'plain' ? 0.55 : 1}
              stroke={look === 'best' ? 'var(--ok)' : look === 'open' ? 'var(--fg-3)' : 'var(--accent)'}
              strokeWidth={1.5}
            />
          ))}
        </svg>
      )}
      {shown && (
        <span
          aria-hidden
          className="pointer-events-none absolute z-10 max-w-60 rounded-md border border-line bg-raised px-2 py-1 text-12 whitespace-pre-line shadow-float"
          style={{
            top: shown.top > height / 2 ? undefined : shown.top + 10,
            bottom: shown.top > height / 2 ? height - shown.top + 10 : undefined,
            left: shown.left > width / 2 ? undefined : shown.left + 10,
            right: shown.left > width / 2 ? width - shown.left + 10 : undefined,
          }}
        >
          {shown.words}
        </span>
      )}
    </div>
  );
}

/** The ticks whose texts have room beside each other; the first ones of those that have not. */
function legible(ticks: Tick[], width: number): Tick[] {
  let free = Number.NEGATIVE_INFINITY;
  return ticks.filter(({ at, text }) => {
    const half = (text.length * CHARACTER) / 2;
    const fits = at * width - half >= free;
    if (fits) free = at * width + half + CHARACTER;
    return fits;
  });
}

/** A path that goes right at each value's height and then up or down to the next. */
function stepPath(
  line: { x: number; y: number }[],
  atX: (x: number) => number,
  atY: (y: number) => number,
): string {
  return line
    .map(({ x, y }, index) =>
      index === 0
        ? `M${atX(x).toFixed(1)} ${atY(y).toFixed(1)}`
        : `H${atX(x).toFixed(1)}V${atY(y).toFixed(1)}`,
    )
    .join('');
}
