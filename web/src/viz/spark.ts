/** Paths of a curve through `values`, evenly spaced, filling the box but for 2 px; what is not finite is left out. */
export function sparkPath(
  values: number[],
  width: number,
  height: number,
): { line: string; area: string; end: [number, number] | null } {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return { line: '', area: '', end: null };
  const low = Math.min(...finite);
  const span = Math.max(...finite) - low;
  const points = finite.map((value, index): [number, number] => [
    finite.length === 1 ? width - 2 : 2 + (index * (width - 4)) / (finite.length - 1),
    span === 0 ? height / 2 : height - 2 - ((value - low) / span) * (height - 4),
  ]);
  const line = points
    .map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`)
    .join('');
  const first = points[0] as [number, number];
  const end = points[points.length - 1] as [number, number];
  return { line, area: `${line}L${end[0].toFixed(1)} ${height}L${first[0].toFixed(1)} ${height}Z`, end };
}
