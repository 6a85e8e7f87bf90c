import { useQuery } from '@tanstack/react-query';
import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { Badge } from '@/ui/Badge';
import { ErrorState } from '@/ui/ErrorState';
import { IconButton } from '@/ui/IconButton';
import { KeyValue } from '@/ui/KeyValue';
import { SectionTitle } from '@/ui/Panel';
import { AppLink } from '@/ui/routing';
import { SkeletonRows } from '@/ui/Skeleton';
import { Time } from '@/ui/Time';
import { machineQuery } from './api';
import { MachineActions } from './MachineActions';
import { MachineCharts } from './MachineCharts';
import { type Cell, coreCells, type Device, holderColour, type Machine, placeOf, stateOf } from './model';
import { StateBadge } from './StateBadge';

const MIB = 1024 ** 2;

interface MachinePanelProps {
  name: string;
  /** None where the only machine is shown anyway. */
  onClose?: () => void;
}

/** One machine: its state, devices and holders, and what it measured. */
export function MachinePanel({ name, onClose }: MachinePanelProps) {
  const { t } = useTranslation('cluster');
  const machine = useQuery(machineQuery(name));
  return (
    <aside
      aria-label={t('machine.label', { name })}
      className="overflow-hidden rounded-lg border border-line bg-surface"
    >
      <header className="flex h-10 items-center gap-2 border-b border-line pr-2 pl-4">
        <h2 translate="no" className="min-w-0 truncate text-13 font-semibold" title={name}>
          {name}
        </h2>
        {machine.data && <StateBadge state={stateOf(machine.data)} />}
        {machine.data?.is_simulated && <Badge tone="warning">{t('simulated')}</Badge>}
        <span className="flex-1" />
        {onClose && (
          <IconButton size="small" icon={X} label={t('close', { ns: 'common' })} onPress={onClose} />
        )}
      </header>
      {machine.isError && (
        <ErrorState error={machine.error} isInline onRetry={() => void machine.refetch()} />
      )}
      {machine.isPending && <SkeletonRows rows={6} className="p-4" />}
      {machine.data && <Details machine={machine.data} />}
    </aside>
  );
}

function Details({ machine }: { machine: Machine }) {
  const { t } = useTranslation('cluster');
  const { bytes, metric } = useFormat();
  const { cells, coresPerCell } = coreCells(machine);
  const labels = Object.entries(machine.labels ?? {});
  return (
    <div className="divide-y divide-line">
      <section className="space-y-3 p-4">
        <KeyValue
          labelWidth="88px"
          facts={[
            {
              label: t('machine.because'),
              value: machine.is_cordoned && (
                <>
                  {machine.reason || t('machine.noReason')}{' '}
                  <span className="text-fg-3">
                    · {machine.changed_by} {machine.changed_at && <Time at={machine.changed_at} />}
                  </span>
                </>
              ),
            },
            { label: t('machine.pool'), value: <span translate="no">{machine.cluster}</span> },
            {
              label: t('machine.labels'),
              value: labels.length > 0 && (
                <span className="flex flex-wrap gap-1">
                  {labels.map(([key, value]) => (
                    <Badge key={key}>{`${key}=${value}`}</Badge>
                  ))}
                </span>
              ),
            },
          ].map((fact) => ({ ...fact, value: fact.value === false ? null : fact.value }))}
        />
        <MachineActions machine={machine} />
      </section>
      <section className="space-y-3 p-4">
        <Amount
          title={coresPerCell > 1 ? t('coreGroups', { count: coresPerCell }) : t('cores')}
          value={`${metric(machine.held_cpu_milli / 1000)} / ${metric(machine.cpu_milli / 1000)}`}
        >
          <Cores cells={cells} label={t('cores')} />
        </Amount>
        <Amount
          title={t('memory')}
          value={`${bytes(machine.held_memory_mib * MIB)} / ${bytes(machine.memory_mib * MIB)}`}
        >
          <div aria-hidden className="flex h-3 overflow-hidden rounded-sm bg-sunken">
            {machine.holders.map((holder, index) => (
              <div
                // biome-ignore lint/suspicious/noArrayIndexKey: holders of other projects have no number
                key={index}
                className="border-r border-surface"
                style={{
                  width: `${(holder.memory_mib / machine.memory_mib) * 100}%`,
                  backgroundColor: holderColour(holder.task_id),
                }}
              />
            ))}
          </div>
        </Amount>
        <Holders machine={machine} />
      </section>
      {machine.devices.length > 0 && (
        <section className="p-4">
          <SectionTitle>{t('devices')}</SectionTitle>
          <ul className="divide-y divide-line">
            {machine.devices.map((device) => (
              <DeviceItem key={`${device.kind}${device.index}`} device={device} machine={machine} />
            ))}
          </ul>
        </section>
      )}
      <section className="p-4">
        <MachineCharts name={machine.name} />
      </section>
    </div>
  );
}

function Amount({ title, value, children }: { title: string; value: string; children: ReactNode }) {
  return (
    <div>
      <h3 className="mb-1.5 flex justify-between text-12 text-fg-2">
        <span>{title}</span>
        <span className="text-fg-3 tabular-nums">{value}</span>
      </h3>
      {children}
    </div>
  );
}

function Cores({ cells, label }: { cells: Cell[]; label: string }) {
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
          className="relative size-4 overflow-hidden rounded-sm border border-line bg-sunken"
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

/** A device: what it measures now, who has which share of it, and what keeps each within it. */
function DeviceItem({ device, machine }: { device: Device; machine: Machine }) {
  const { t } = useTranslation('cluster');
  const { bytes, share } = useFormat();
  const { utilisation, memory_used_mib: used, temperature_c: celsius } = device;
  const measured = [
    ...(utilisation === null || utilisation === undefined
      ? []
      : [t('matrix.busyShare', { share: share(utilisation, 0) })]),
    ...(used === null || used === undefined ? [] : [t('machine.memoryUsed', { memory: bytes(used * MIB) })]),
    ...(celsius === null || celsius === undefined ? [] : [`${Math.round(celsius)} °C`]),
  ];
  const about = [device.vendor, device.model, device.memory_mib > 0 && bytes(device.memory_mib * MIB)];
  return (
    <li className="py-2 text-12 first:pt-0 last:pb-0">
      <div className="flex items-baseline gap-2">
        <span className="font-medium">
          {device.kind.toUpperCase()} {device.index}
        </span>
        <span className="min-w-0 truncate text-fg-3">{about.filter(Boolean).join(' · ')}</span>
        <span className="flex-1" />
        <span className={device.is_healthy ? 'shrink-0 text-fg-2 tabular-nums' : 'shrink-0 text-failed'}>
          {device.is_healthy
            ? t('machine.deviceHeld', { share: share(device.held_milli / 1000, 0) })
            : t('matrix.unhealthy')}
        </span>
      </div>
      <p className="text-fg-3 tabular-nums">
        {measured.length > 0 ? measured.join(' · ') : t('machine.notMeasured')}
        {' · '}
        {device.is_instance ? t('machine.instance') : t(`isolation.${device.sharing ?? 'bookkeeping'}`)}
      </p>
      {device.holders.map((holder, index) => {
        const task = machine.holders.find(({ task_id }) => holder.task_id > 0 && task_id === holder.task_id);
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: holders of other projects have no number
          <p key={index} className="mt-1 flex items-center gap-2">
            <Dot taskId={holder.task_id} />
            <TaskLink holder={task} />
            <span className="flex-1" />
            <span className="text-fg-2 tabular-nums">
              {share(holder.share_milli / 1000, 0)}
              {(holder.share_mib ?? 0) > 0 && ` · ${bytes((holder.share_mib ?? 0) * MIB)}`}
            </span>
            <Badge>{t(`isolation.${holder.enforcement ?? 'bookkeeping'}`)}</Badge>
          </p>
        );
      })}
    </li>
  );
}

function Dot({ taskId }: { taskId: number }) {
  return (
    <span
      aria-hidden
      className="size-2.5 shrink-0 rounded-sm"
      style={{ backgroundColor: holderColour(taskId) }}
    />
  );
}

/** The name of a task, leading to its run; of another project's task nothing is told. */
function TaskLink({ holder }: { holder: Machine['holders'][number] | undefined }) {
  const { t } = useTranslation('cluster');
  if (!holder || holder.task_id === 0) return <span className="text-fg-3">{t('hidden')}</span>;
  const href = placeOf(holder);
  const number = <span className="text-fg-3">{t('queue.taskNumber', { id: holder.task_id })}</span>;
  return (
    <span className="min-w-0 truncate">
      {href ? (
        <AppLink href={href} translate="no" className="font-medium text-accent hover:underline">
          {holder.name}
        </AppLink>
      ) : (
        <span translate="no" className="font-medium">
          {holder.name}
        </span>
      )}{' '}
      {number}
    </span>
  );
}

function Holders({ machine }: { machine: Machine }) {
  const { t } = useTranslation('cluster');
  const { bytes, metric } = useFormat();
  if (machine.holders.length === 0) return <p className="text-12 text-fg-3">{t('idle')}</p>;
  return (
    <ul className="space-y-1 text-12">
      {machine.holders.map((holder, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: holders of other projects have no number
        <li key={index} className="flex items-center gap-2">
          <Dot taskId={holder.task_id} />
          <TaskLink holder={holder} />
          <span className="min-w-0 flex-1 truncate text-fg-3">
            {[holder.project, holder.username].filter(Boolean).join(' · ')}
          </span>
          <span className="shrink-0 text-fg-2 tabular-nums">
            {t('coresHeld', { cores: metric(holder.cpu_milli / 1000) })} · {bytes(holder.memory_mib * MIB)}
          </span>
        </li>
      ))}
    </ul>
  );
}
