import { useQuery } from '@tanstack/react-query';
import { Cpu } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useLiveQueries } from '@/api/live';
import { useFormat } from '@/i18n/format';
import { EmptyState } from '@/ui/EmptyState';
import { ErrorState } from '@/ui/ErrorState';
import { Page, PageHeader } from '@/ui/PageHeader';
import { useProject } from '@/ui/routing';
import { Skeleton } from '@/ui/Skeleton';
import { machinesQuery } from './api';
import { MachineCard } from './MachineCard';
import { totals } from './model';
import { Queues } from './Queues';

/** Machines, who holds what of them, and what waits for room. */
export default function ClusterPage() {
  const { t } = useTranslation('cluster');
  const { bytes, metric } = useFormat();
  const project = useProject();
  const machines = useQuery(machinesQuery);
  useLiveQueries([`project:${project}`], ({ type }) => (type === 'task' ? [['machines'], ['queues']] : []), {
    always: [['machines']],
  });
  const all = machines.data?.machines ?? [];
  const sum = totals(all);
  const facts = [
    {
      label: t('total.cores'),
      held: metric(sum.heldCores),
      of: metric(sum.cores),
      share: sum.heldCores / sum.cores,
    },
    {
      label: t('total.memory'),
      held: bytes(sum.heldMemoryMib * 1024 ** 2),
      of: bytes(sum.memoryMib * 1024 ** 2),
      share: sum.heldMemoryMib / sum.memoryMib,
    },
    ...(sum.devices > 0
      ? [
          {
            label: t('total.devices'),
            held: metric(sum.heldDevices),
            of: metric(sum.devices),
            share: sum.heldDevices / sum.devices,
          },
        ]
      : []),
  ];
  return (
    <Page
      header={
        <PageHeader title={t('title')} count={machines.data && t('machines', { count: sum.machines })} />
      }
    >
      <div className="mx-auto max-w-[1320px] space-y-6 p-6">
        {machines.isLoadingError && (
          <ErrorState error={machines.error} onRetry={() => void machines.refetch()} />
        )}
        {machines.isPending && <Skeleton className="h-64" />}
        {machines.data && all.length === 0 && (
          <EmptyState icon={Cpu} title={t('emptyTitle')} command="kpl up">
            {t('emptyText')}
          </EmptyState>
        )}
        {all.length > 0 && (
          <>
            <dl className="grid grid-cols-[repeat(auto-fit,minmax(220px,1fr))] divide-x divide-line rounded-lg border border-line bg-surface">
              {facts.map(({ label, held, of, share }) => (
                <div key={label} className="px-4 py-3">
                  <dt className="text-12 text-fg-3">{label}</dt>
                  <dd className="mt-0.5 flex items-baseline gap-1.5">
                    <span className="text-16 font-semibold tabular-nums">{held}</span>
                    <span className="text-12 text-fg-3">{t('total.of', { of })}</span>
                  </dd>
                  <div aria-hidden className="mt-2 h-1.5 overflow-hidden rounded-full bg-sunken">
                    <div
                      className="h-full rounded-full bg-accent"
                      style={{ width: `${(Number.isFinite(share) ? share : 0) * 100}%` }}
                    />
                  </div>
                </div>
              ))}
            </dl>
            <ul className="grid grid-cols-[repeat(auto-fill,minmax(520px,1fr))] items-start gap-4">
              {all.map((machine) => (
                <li key={machine.name}>
                  <MachineCard machine={machine} />
                </li>
              ))}
            </ul>
          </>
        )}
        <Queues project={project} machines={all} />
      </div>
    </Page>
  );
}
