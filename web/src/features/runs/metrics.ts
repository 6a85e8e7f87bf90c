/** Rules of charts: which metrics belong on one chart, smoothing, several series on one axis, colours. */

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

/** Exponential moving average without the pull towards the first value. */
export function smoothed(values: number[], weight: number): number[] {
  if (weight <= 0) return values;
  let average = 0;
  let scale = 0;
  return values.map((value) => {
    if (!Number.isFinite(value)) return value;
    average = average * weight + value * (1 - weight);
    scale = scale * weight + (1 - weight);
    return average / scale;
  });
}

export interface Series {
  steps: number[];
  values: number[];
}

/** Several series over one axis of steps, as charts want them; gaps are null. */
export function aligned(series: Series[]): [number[], ...(number | null)[][]] {
  const steps = [...new Set(series.flatMap((each) => each.steps))].sort((a, b) => a - b);
  const columns = series.map((each) => {
    const at = new Map(each.steps.map((step, index) => [step, each.values[index] as number]));
    return steps.map((step) => at.get(step) ?? null);
  });
  return [steps, ...columns];
}

const SERIES_LIGHT = ['#3f51e0', '#0d6e67', '#be185d', '#a04907', '#7c3aed', '#446e0c', '#0369a1', '#78591d'];
const SERIES_DARK = ['#8b99ff', '#2dd4bf', '#f472b6', '#f5a94a', '#b794ff', '#a3d65c', '#4cc0f5', '#d6b46a'];

/** Colours of curves; the dark set keeps its distance from the dark surface. */
export function seriesColour(index: number, isDark: boolean): string {
  const colours = isDark ? SERIES_DARK : SERIES_LIGHT;
  return colours[index % colours.length] as string;
}
