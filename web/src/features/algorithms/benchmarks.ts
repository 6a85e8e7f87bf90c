/** What was measured of algorithms, and the choice of those that are fast enough on a kind of device. */

import type { Schemas } from '@/api/client';

export type Benchmark = Schemas['BenchmarkOut'];
export type Device = Schemas['DeviceBenchmarkOut'];

export interface Speed {
  /** Kind of device, as in `cpu`; any where it is left out. */
  device?: string;
  /** At most so many milliseconds for one sample. */
  atMost_ms?: number;
}

/** The kinds of devices that something was measured on, by name. */
export function kindsOf(benchmarks: Benchmark[]): string[] {
  const kinds = benchmarks.flatMap(({ devices }) => devices.map(({ device_kind }) => device_kind));
  return [...new Set(kinds)].filter((kind) => kind !== '').sort();
}

/** What of an algorithm was measured within the bounds; all of it where there are none. */
export function within(benchmark: Benchmark | undefined, { device, atMost_ms }: Speed): Device[] {
  return (benchmark?.devices ?? []).filter(
    ({ device_kind, latency_ms }) =>
      (device === undefined || device_kind === device) &&
      (atMost_ms === undefined || (latency_ms !== null && latency_ms.value <= atMost_ms)),
  );
}

/** The algorithms that were measured within the bounds; all where there are none, and nothing unmeasured where there are. */
export function fastEnough<T extends { name: string }>(
  algorithms: T[],
  benchmarks: Benchmark[],
  speed: Speed,
): T[] {
  if (speed.device === undefined && speed.atMost_ms === undefined) return algorithms;
  const byName = new Map(benchmarks.map((each) => [each.algorithm, each]));
  return algorithms.filter(({ name }) => within(byName.get(name), speed).length > 0);
}
