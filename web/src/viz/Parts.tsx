import { PART_COLOURS } from './palette';

export interface Part {
  id: string;
  count: number;
  /** Left out, the next of the colours for parts. */
  colour?: string;
}

/** A whole and its parts, as one bar. Say the numbers beside it. */
export function PartsBar({ parts, label }: { parts: Part[]; label: string }) {
  const total = parts.reduce((sum, { count }) => sum + count, 0);
  return (
    <div role="img" aria-label={label} className="flex h-1.5 gap-px overflow-hidden rounded-full bg-sunken">
      {parts.map(({ id, count, colour }, index) => (
        <div
          key={id}
          style={{
            width: `${(100 * count) / Math.max(1, total)}%`,
            backgroundColor: colour ?? partColour(index),
          }}
        />
      ))}
    </div>
  );
}

export function partColour(index: number): string {
  return PART_COLOURS[index % PART_COLOURS.length] as string;
}
