import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import type { Device, Machine } from './model';

const MIB = 1024 ** 2;

/** What cells of the matrix stand for, in words: read out, and shown below the matrix. */
export function useSentences() {
  const { t } = useTranslation('cluster');
  const { bytes, metric, share } = useFormat();
  const nameOf = (machine: Machine, id: number) => {
    const holder = machine.holders.find(({ task_id }) => id > 0 && task_id === id);
    return holder ? t('matrix.holder', { name: holder.name, id, project: holder.project }) : t('hidden');
  };
  const cpu = (machine: Machine) =>
    t('matrix.cpu', { held: metric(machine.held_cpu_milli / 1000), of: metric(machine.cpu_milli / 1000) });
  const memory = (machine: Machine) =>
    t('matrix.memory', { held: bytes(machine.held_memory_mib * MIB), of: bytes(machine.memory_mib * MIB) });
  const device = (machine: Machine, each: Device) =>
    [
      `${each.kind.toUpperCase()} ${each.index}${each.model && ` (${each.model})`}`,
      ...(each.is_healthy ? [] : [t('matrix.unhealthy')]),
      ...(each.utilisation === null || each.utilisation === undefined
        ? []
        : [t('matrix.busyShare', { share: share(each.utilisation, 0) })]),
      ...(each.holders.length === 0
        ? [t('free')]
        : each.holders.map(({ task_id, share_milli }) =>
            t('matrix.held', { share: share(share_milli / 1000, 0), by: nameOf(machine, task_id) }),
          )),
    ].join(' · ');
  const cell = (machine: Machine, column: number) => {
    const found = machine.devices[column - 3];
    const told = column === 1 ? cpu(machine) : column === 2 ? memory(machine) : null;
    const what = found ? device(machine, found) : told;
    return what === null
      ? [machine.name, cpu(machine), memory(machine)].join(' · ')
      : `${machine.name} · ${what}`;
  };
  return { cpu, memory, device, cell };
}
