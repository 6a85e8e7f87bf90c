/** Rules of curves: smoothing, several series on one axis, colours. */

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

/** Several series over one axis of steps, as charts want them; gaps, and values that are NaN, are null. */
export function aligned(series: Series[]): [number[], ...(number | null)[][]] {
  const steps = [...new Set(series.flatMap((each) => each.steps))].sort((a, b) => a - b);
  const columns = series.map((each) => {
    const at = new Map(each.steps.map((step, index) => [step, each.values[index] as number]));
    return steps.map((step) => {
      const value = at.get(step);
      return value === undefined || Number.isNaN(value) ? null : value;
    });
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
