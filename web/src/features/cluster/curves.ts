/** Rules of a machine's charts: which curves there are of what it measured. */

import type { Schemas } from '@/api/client';
import type { Series } from '@/viz/series';

type Metrics = Schemas['MachineMetricsOut'];

export interface Curve {
  /** `cpu` and `memory` for the machine itself, else the device as in `GPU 0`. */
  name: string;
  series: Series;
  last: number;
}

export interface Curves {
  busy: Curve[];
  memory: Curve[];
  temperature: Curve[];
}

/** Curves with at least one value: shares from 0 to 1, memory in MiB, temperatures in °C. */
export function curvesOf({ times, cpu, memory_used_mib, devices }: Metrics): Curves {
  const at = times.map((time) => Date.parse(time) / 1000);
  const curve = (name: string, values: (number | null)[]): Curve[] => {
    const known = values.flatMap((value, index) =>
      value === null ? [] : [[at[index] as number, value] as const],
    );
    const last = known.at(-1);
    if (!last) return [];
    const series = { steps: known.map(([step]) => step), values: known.map(([, value]) => value) };
    return [{ name, series, last: last[1] }];
  };
  const ofDevices = (values: (device: Metrics['devices'][number]) => (number | null)[]) =>
    devices.flatMap((device) => curve(`${device.kind.toUpperCase()} ${device.index}`, values(device)));
  return {
    busy: [...curve('cpu', cpu), ...ofDevices(({ utilisation }) => utilisation)],
    memory: [...curve('memory', memory_used_mib), ...ofDevices((device) => device.memory_used_mib)],
    temperature: ofDevices(({ temperature_c }) => temperature_c),
  };
}
