import { csvText } from '@/ui/csv';

/** One line of a compilation's table; figures are null where the target was not built. */
export interface Target {
  target: string;
  needs: string;
  needs_zh: string;
  isAvailable: boolean;
  accuracyBefore: number | null;
  accuracyAfter: number | null;
  latencyP50Ms: number | null;
  latencyP99Ms: number | null;
  throughputPerS: number | null;
  sizeBytes: number | null;
}

export interface CompileReport {
  chosen: string;
  hardware: Record<string, unknown>;
  split: string;
  numSamples: number;
  originalSizeBytes: number | null;
  targets: Target[];
}

const number = (value: unknown) => (typeof value === 'number' && Number.isFinite(value) ? value : null);
const text = (value: unknown) => (typeof value === 'string' ? value : '');
const members = (value: unknown) =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

/** Reads `report.json` of a compilation. Throws where it is none: any algorithm may have written the file. */
export function parseCompileReport(value: unknown): CompileReport {
  const report = members(value);
  if (report.schema !== 'kpl.compile-report/v1' || !Array.isArray(report.targets))
    throw new Error('report.json is no kpl.compile-report/v1');
  const dataset = members(report.dataset);
  return {
    chosen: text(report.chosen),
    hardware: members(report.hardware),
    split: text(dataset.split),
    numSamples: number(dataset.num_samples) ?? 0,
    originalSizeBytes: number(report.original_size_bytes),
    targets: report.targets.map((each) => {
      const row = members(each);
      return {
        target: text(row.target),
        needs: text(row.needs),
        needs_zh: text(row.needs_zh),
        isAvailable: row.is_available === true,
        accuracyBefore: number(row.accuracy_before),
        accuracyAfter: number(row.accuracy_after),
        latencyP50Ms: number(row.latency_p50_ms),
        latencyP99Ms: number(row.latency_p99_ms),
        throughputPerS: number(row.throughput_per_s),
        sizeBytes: number(row.size_bytes),
      };
    }),
  };
}

export interface MeasuredTarget extends Target {
  accuracyAfter: number;
  latencyP50Ms: number;
  sizeBytes: number;
}

/** Targets that were built and measured. */
export function measured(targets: Target[]): MeasuredTarget[] {
  return targets.filter(
    (each): each is MeasuredTarget =>
      each.accuracyAfter !== null && each.latencyP50Ms !== null && each.sizeBytes !== null,
  );
}

/** Names of the targets that no other beats: none is as good in accuracy, speed and size and better in one. */
export function paretoFront(targets: MeasuredTarget[]): Set<string> {
  const goals = (each: MeasuredTarget) => [-each.accuracyAfter, each.latencyP50Ms, each.sizeBytes];
  const beats = (a: number[], b: number[]) =>
    a.every((value, index) => value <= (b[index] as number)) &&
    a.some((value, index) => value < (b[index] as number));
  return new Set(
    targets
      .filter((each) => !targets.some((other) => beats(goals(other), goals(each))))
      .map(({ target }) => target),
  );
}

export interface Dot {
  target: MeasuredTarget;
  x: number;
  y: number;
}

/** Places of the targets in a box: latency to the right on a log scale, accuracy upwards; a margin of 8 % around. */
export function dotsOf(targets: MeasuredTarget[], width: number, height: number): Dot[] {
  const x = spread(targets.map(({ latencyP50Ms }) => Math.log(latencyP50Ms)));
  const y = spread(targets.map(({ accuracyAfter }) => accuracyAfter));
  return targets.map((target, index) => ({
    target,
    x: (x[index] as number) * width,
    y: (1 - (y[index] as number)) * height,
  }));
}

/** Values as shares of their range, within 0.08 to 0.92; all in the middle when they are equal. */
function spread(values: number[]): number[] {
  const low = Math.min(...values);
  const range = Math.max(...values) - low;
  return values.map((value) => (range === 0 ? 0.5 : 0.08 + (0.84 * (value - low)) / range));
}

/** What the chart shows, for a spreadsheet: a line for each target that was measured, with all digits, and where. */
export function targetsCsv(report: CompileReport): string {
  const device = text(report.hardware.device);
  return csvText([
    [
      'target',
      'accuracy_before',
      'accuracy_after',
      'latency_p50_ms',
      'latency_p99_ms',
      'throughput_per_s',
      'size_bytes',
      'device',
    ],
    ...measured(report.targets).map((each) => [
      each.target,
      ...[
        each.accuracyBefore,
        each.accuracyAfter,
        each.latencyP50Ms,
        each.latencyP99Ms,
        each.throughputPerS,
        each.sizeBytes,
      ].map((value) => (value === null ? '' : String(value))),
      device,
    ]),
  ]);
}
