/** Rules of charts: which metrics belong on one chart, and how much one can smooth. */

export interface MetricBrief {
  name: string;
  last: number;
  min: number;
  max: number;
  num_points: number;
}

/** One chart: its title and the metrics drawn on it. */
export interface Chart {
  title: string;
  names: string[];
}

/**
 * Curves first: `loss` and `val_loss` share a chart, each in a colour of its own. Metrics of a single value are numbers,
 * not curves.
 */
export function chartsOf(metrics: MetricBrief[]): { charts: Chart[]; numbers: MetricBrief[] } {
  const curves = metrics.filter((metric) => metric.num_points > 1);
  const groups = new Map<string, string[]>();
  for (const { name } of curves) {
    const title = name.replace(/^(train|val|valid|validation|test|eval)[_/.-]/, '');
    groups.set(title, [...(groups.get(title) ?? []), name]);
  }
  const charts = [...groups].map(([title, names]) => ({ title, names: names.sort() }));
  return { charts, numbers: metrics.filter((metric) => metric.num_points === 1) };
}

/** Weights of smoothing that one can choose. */
export const SMOOTHING: Record<string, number> = { none: 0, some: 0.6, much: 0.9 };
