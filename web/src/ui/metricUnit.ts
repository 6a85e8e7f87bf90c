/** How a metric is read. */
export type MetricUnit = 'share' | 'milliseconds' | 'bytes' | 'perSecond' | 'plain';

/** Tells by its name what a metric measures: algorithms name them `accuracy`, `latency_p50_ms`, `size_bytes`. */
export function metricUnit(name: string, value: number): MetricUnit {
  if (name.endsWith('_ms')) return 'milliseconds';
  if (name.endsWith('_bytes')) return 'bytes';
  if (name.endsWith('_per_s')) return 'perSecond';
  if (/(accuracy|precision|recall|f1|map|mar|iou|auc|ap)(_|$|\d)/i.test(name) && value >= 0 && value <= 1)
    return 'share';
  return 'plain';
}
