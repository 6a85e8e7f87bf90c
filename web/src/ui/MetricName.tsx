import { useMetricWords } from './metricWords';

/** What a metric is called; the name that the algorithm gave it shows where one points. */
export function MetricName({ name, className }: { name: string; className?: string }) {
  const words = useMetricWords()(name);
  return (
    <span
      className={className}
      title={words === name ? undefined : `“${name}”`}
      translate={words === name ? 'no' : undefined}
    >
      {words}
    </span>
  );
}
