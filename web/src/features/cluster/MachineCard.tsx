import { Server } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { Badge } from '@/ui/Badge';
import { Panel } from '@/ui/Panel';
import { MachineActions, MachineState } from './MachineActions';
import { type Cell, coreCells, deviceCell, holderColour, type Machine } from './model';

/** One machine: a cell for each core and device, in the colours of who holds them. */
export function MachineCard({ machine }: { machine: Machine }) {
  const { t } = useTranslation('cluster');
  const { bytes, metric } = useFormat();
  const { cells, coresPerCell } = coreCells(machine);
  const names = new Map(machine.holders.map((holder) => [holder.task_id, holder.name || t('hidden')]));
  const title = (cell: Cell) =>
    cell.taskIds.length === 0 ? t('free') : cell.taskIds.map((id) => names.get(id) ?? t('hidden')).join(', ');
  const mib = 1024 ** 2;
  return (
    <Panel
      title={
        <span className="flex items-center gap-2">
          <Server aria-hidden className="size-4 text-fg-3" />
          {machine.name}
          {machine.is_simulated && <Badge>{t('simulated')}</Badge>}
          <MachineState machine={machine} />
        </span>
      }
      aside={
        <>
          {t('size', { cores: metric(machine.cpu_milli / 1000), memory: bytes(machine.memory_mib * mib) })}
          <MachineActions machine={machine} />
        </>
      }
    >
      <div className="space-y-4 p-4">
        <section>
          <h3 className="mb-1.5 flex justify-between text-12 text-fg-2">
            <span>{coresPerCell > 1 ? t('coreGroups', { count: coresPerCell }) : t('cores')}</span>
            <span className="text-fg-3 tabular-nums">
              {metric(machine.held_cpu_milli / 1000)} / {metric(machine.cpu_milli / 1000)}
            </span>
          </h3>
          <Cells cells={cells} titleOf={title} label={t('cores')} />
        </section>
        <section>
          <h3 className="mb-1.5 flex justify-between text-12 text-fg-2">
            <span>{t('memory')}</span>
            <span className="text-fg-3 tabular-nums">
              {bytes(machine.held_memory_mib * mib)} / {bytes(machine.memory_mib * mib)}
            </span>
          </h3>
          <div className="flex h-4 overflow-hidden rounded-sm bg-sunken">
            {machine.holders.map((holder) => (
              <div
                key={holder.task_id}
                title={`${holder.name || t('hidden')} · ${bytes(holder.memory_mib * mib)}`}
                className="border-r border-surface"
                style={{
                  width: `${(holder.memory_mib / machine.memory_mib) * 100}%`,
                  backgroundColor: holderColour(holder.task_id),
                }}
              />
            ))}
          </div>
        </section>
        {machine.devices.length > 0 && (
          <section>
            <h3 className="mb-1.5 text-12 text-fg-2">{t('devices')}</h3>
            <ul className="grid grid-cols-[repeat(auto-fill,minmax(150px,1fr))] gap-2">
              {machine.devices.map((device) => {
                const cell = deviceCell(device);
                return (
                  <li
                    key={`${device.kind}${device.index}`}
                    title={title(cell)}
                    className="relative overflow-hidden rounded-md border border-line px-2.5 py-1.5"
                  >
                    <span
                      aria-hidden
                      className="absolute inset-y-0 left-0 opacity-20"
                      style={{
                        width: `${cell.share * 100}%`,
                        backgroundColor: holderColour(cell.taskIds[0]),
                      }}
                    />
                    <span className="relative flex items-baseline justify-between gap-2 text-12">
                      <span className="font-medium">
                        {device.kind.toUpperCase()} {device.index}
                      </span>
                      <span className="text-fg-2 tabular-nums">{Math.round(cell.share * 100)} %</span>
                    </span>
                    <span className="relative block truncate text-11 text-fg-2">
                      {device.vendor} {device.model} · {bytes(device.memory_mib * mib)}
                    </span>
                  </li>
                );
              })}
            </ul>
          </section>
        )}
        <Holders machine={machine} />
      </div>
    </Panel>
  );
}

interface CellsProps {
  cells: Cell[];
  titleOf: (cell: Cell) => string;
  label: string;
}

function Cells({ cells, titleOf, label }: CellsProps) {
  return (
    <div
      role="img"
      aria-label={`${label}: ${cells.filter(({ share }) => share > 0).length} / ${cells.length}`}
      className="flex flex-wrap gap-1"
    >
      {cells.map((cell, index) => (
        <span
          // biome-ignore lint/suspicious/noArrayIndexKey: a core is its number
          key={index}
          title={titleOf(cell)}
          className="relative size-6 overflow-hidden rounded-sm border border-line bg-sunken"
        >
          <span
            className="absolute inset-x-0 bottom-0"
            style={{ height: `${cell.share * 100}%`, backgroundColor: holderColour(cell.taskIds[0]) }}
          />
        </span>
      ))}
    </div>
  );
}

function Holders({ machine }: { machine: Machine }) {
  const { t } = useTranslation('cluster');
  const { bytes, metric } = useFormat();
  if (machine.holders.length === 0) return <p className="text-12 text-fg-3">{t('idle')}</p>;
  return (
    <table className="w-full text-12">
      <thead className="sr-only">
        <tr>
          <th>{t('queue.task')}</th>
          <th>{t('project')}</th>
          <th>{t('cores')}</th>
          <th>{t('memory')}</th>
        </tr>
      </thead>
      <tbody>
        {machine.holders.map((holder) => (
          <tr key={holder.task_id} className="h-7">
            <td className="pr-3">
              <span className="flex items-center gap-2">
                <span
                  aria-hidden
                  className="size-2.5 shrink-0 rounded-sm"
                  style={{ backgroundColor: holderColour(holder.task_id) }}
                />
                <span className="font-medium">{holder.name || t('hidden')}</span>
                {holder.task_id > 0 && (
                  <span className="text-fg-3">{t('queue.taskNumber', { id: holder.task_id })}</span>
                )}
              </span>
            </td>
            <td className="pr-3 text-fg-2">{holder.project}</td>
            <td className="pr-3 text-right text-fg-2 tabular-nums">
              {t('coresHeld', { cores: metric(holder.cpu_milli / 1000) })}
            </td>
            <td className="text-right text-fg-2 tabular-nums">{bytes(holder.memory_mib * 1024 ** 2)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
