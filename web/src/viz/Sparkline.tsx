import { sparkPath } from './spark';

interface SparklineProps {
  values: number[];
  /** Read out, as in `val_accuracy, last 0.99`. */
  label: string;
  width?: number;
  height?: number;
  color?: string;
}

/** A curve the size of a word. */
export function Sparkline({
  values,
  label,
  width = 96,
  height = 24,
  color = 'var(--accent)',
}: SparklineProps) {
  const { line, area, end } = sparkPath(values, width, height);
  return (
    <svg
      role="img"
      aria-label={label}
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      className="shrink-0"
    >
      <path d={area} fill={color} opacity={0.12} />
      <path d={line} fill="none" stroke={color} strokeWidth={1.5} strokeLinejoin="round" />
      {end && <circle cx={end[0]} cy={end[1]} r={2} fill={color} />}
    </svg>
  );
}
