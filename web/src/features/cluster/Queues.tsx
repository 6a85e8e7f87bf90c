import { useQuery } from '@tanstack/react-query';
import { Hourglass, Plus, Settings2 } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { sessionQuery } from '@/api/session';
import { useFormat } from '@/i18n/format';
import { Button } from '@/ui/Button';
import { ErrorState } from '@/ui/ErrorState';
import { IconButton } from '@/ui/IconButton';
import { Panel } from '@/ui/Panel';
import { useQueryState } from '@/ui/routing';
import { Select } from '@/ui/Select';
import { SkeletonRows } from '@/ui/Skeleton';
import { StateChip } from '@/ui/StateChip';
import { Table } from '@/ui/Table';
import { Time } from '@/ui/Time';
import { queuedQuery, queuesQuery } from './api';
import { barOf, placeOf, type Queue, type Quota, quotasOf, treeOf } from './model';
import { QueueDialog } from './QueueDialog';
import type { Amounts } from './queueForm';

const MIB = 1024 ** 2;

/** The queues with their quotas, and of one of them who waits, why and for how long. */
export function Queues({ project, total }: { project: string; total: Amounts }) {
  const { t } = useTranslation('cluster');
  const [query, setQuery] = useQueryState();
  const queues = useQuery(queuesQuery);
  const isAdmin = useQuery(sessionQuery).data?.is_admin ?? false;
  const [edited, setEdited] = useState<Queue | 'new' | null>(null);
  const tree = treeOf(queues.data ?? []);
  const name = query.queue ?? project;
  return (
    <>
      <Panel
        title={t('queues.title')}
        aside={
          isAdmin && (
            <Button size="small" onPress={() => setEdited('new')}>
              <Plus aria-hidden />
              {t('form.new')}
            </Button>
          )
        }
      >
        {queues.isError && <ErrorState error={queues.error} isInline onRetry={() => void queues.refetch()} />}
        {queues.isPending && <SkeletonRows rows={3} className="p-4" />}
        {queues.data?.length === 0 && <p className="p-4 text-13 text-fg-3">{t('queues.empty')}</p>}
        {tree.length > 0 && (
          <Table
            label={t('queues.title')}
            items={tree}
            idOf={({ queue }) => queue.name}
            onRowAction={({ queue }) => setQuery({ queue: queue.name })}
            columns={[
              {
                id: 'queue',
                title: t('queues.queue'),
                isRowHeader: true,
                width: 'w-56',
                cell: ({ queue, depth }) => (
                  <span className="font-medium" style={{ paddingLeft: `${depth * 16}px` }}>
                    {queue.name}
                  </span>
                ),
              },
              {
                id: 'quota',
                title: t('queues.quota'),
                cell: ({ queue }) => <Quotas queue={queue} total={total} />,
              },
              {
                id: 'running',
                title: t('queues.running'),
                width: 'w-24',
                align: 'right',
                cell: ({ queue }) => <span className="tabular-nums">{queue.num_running}</span>,
              },
              {
                id: 'waiting',
                title: t('queues.waiting'),
                width: 'w-24',
                align: 'right',
                cell: ({ queue }) => <span className="tabular-nums">{queue.num_waiting}</span>,
              },
              ...(isAdmin
                ? [
                    {
                      id: 'edit',
                      title: t('form.edit'),
                      width: 'w-12',
                      align: 'right' as const,
                      cell: ({ queue }: { queue: Queue }) => (
                        <IconButton
                          size="small"
                          icon={Settings2}
                          label={t('form.title', { name: queue.name })}
                          onPress={() => setEdited(queue)}
                        />
                      ),
                    },
                  ]
                : []),
            ]}
          />
        )}
      </Panel>
      {edited !== null && (
        <QueueDialog
          queue={edited === 'new' ? null : edited}
          queues={queues.data ?? []}
          total={total}
          onClose={() => setEdited(null)}
        />
      )}
      <Waiting
        name={name}
        names={tree.map(({ queue }) => queue.name)}
        onChoose={(queue) => setQuery({ queue: queue === project ? undefined : queue })}
      />
    </>
  );
}

/** A bar for each resource: what is used of the guarantee, what is borrowed, and what of the guarantee is free. */
function Quotas({ queue, total }: { queue: Queue; total: Amounts }) {
  const { t } = useTranslation('cluster');
  const { bytes, metric } = useFormat();
  const amount = (resource: string, value: number) => {
    if (resource === 'memory' || resource === 'storage') return bytes(value * MIB);
    return metric(resource === 'tasks' ? value : value / 1000);
  };
  const titleOf = ({ resource, used, borrowed, guaranteed, limit }: Quota) =>
    [
      t('queues.used', { amount: amount(resource, used) }),
      ...(borrowed > 0 ? [t('queues.borrowed', { amount: amount(resource, borrowed) })] : []),
      ...(guaranteed > 0 ? [t('queues.guaranteed', { amount: amount(resource, guaranteed) })] : []),
      ...(limit === null ? [] : [t('queues.limit', { amount: amount(resource, limit) })]),
    ].join(' · ');
  const quotas = quotasOf(queue);
  if (quotas.length === 0) return <span className="text-12 text-fg-3">{t('queues.none')}</span>;
  return (
    <ul className="flex flex-wrap gap-x-6 gap-y-1.5 py-1.5">
      {quotas.map((quota) => {
        const bar = barOf(quota, total[quota.resource] ?? 0);
        const { resource } = quota;
        return (
          <li key={resource} className="w-84">
            <div className="flex items-baseline justify-between gap-2 text-12">
              <span className="font-medium">
                {t(`resource.${resource}`, resource.toUpperCase().replace(':', ' '))}
              </span>
              <span className="truncate text-11 text-fg-2 tabular-nums">{titleOf(quota)}</span>
            </div>
            {bar && <QuotaBar parts={bar} title={titleOf(quota)} />}
          </li>
        );
      })}
    </ul>
  );
}

function QuotaBar({
  parts: [own, borrowed, free],
  title,
}: {
  parts: [number, number, number];
  title: string;
}) {
  return (
    <div aria-hidden title={title} className="mt-1 flex h-1.5 overflow-hidden rounded-full bg-sunken">
      <span className="bg-accent" style={{ width: `${own * 100}%` }} />
      <span className="bg-warning" style={{ width: `${borrowed * 100}%` }} />
      <span className="bg-accent opacity-30" style={{ width: `${free * 100}%` }} />
    </div>
  );
}

interface WaitingProps {
  name: string;
  names: string[];
  onChoose: (name: string) => void;
}

function Waiting({ name, names, onChoose }: WaitingProps) {
  const { t, i18n } = useTranslation('cluster');
  const tasks = useQuery(queuedQuery(name));
  const waiting = tasks.data?.items.filter(({ started_at }) => started_at === null) ?? [];
  const language = i18n.language.startsWith('zh') ? 'zh' : 'en';
  return (
    <Panel
      title={t('queue.title')}
      aside={
        <Select
          label={t('queues.queue')}
          isLabelHidden
          size="small"
          value={name}
          options={[...new Set([name, ...names])].map((id) => ({ id, label: id }))}
          onChange={onChoose}
        />
      }
    >
      {tasks.isError && <ErrorState error={tasks.error} isInline onRetry={() => void tasks.refetch()} />}
      {tasks.isPending && <SkeletonRows rows={3} className="p-4" />}
      {tasks.data && waiting.length === 0 && (
        <p className="flex items-center gap-2 p-4 text-13 text-fg-3">
          <Hourglass aria-hidden className="size-4" />
          {t('queue.empty')}
        </p>
      )}
      {waiting.length > 0 && (
        <Table
          label={t('queue.title')}
          items={waiting}
          idOf={({ task_id }) => task_id}
          hrefOf={placeOf}
          columns={[
            {
              id: 'place',
              title: t('queue.place'),
              width: 'w-16',
              align: 'right',
              cell: ({ position }) => <span className="tabular-nums">{position}</span>,
            },
            {
              id: 'task',
              title: t('queue.task'),
              isRowHeader: true,
              width: 'w-52',
              cell: ({ task_id, name: task, run_id }) => (
                <span className="flex items-baseline gap-2">
                  <span className="font-medium">{task}</span>
                  <span className="text-12 whitespace-nowrap text-fg-3">
                    {run_id === null
                      ? t('queue.taskNumber', { id: task_id })
                      : t('queue.run', { id: run_id })}
                  </span>
                </span>
              ),
            },
            {
              id: 'state',
              title: t('queue.state'),
              width: 'w-28',
              cell: ({ state }) => <StateChip state={state} />,
            },
            { id: 'user', title: t('queue.user'), width: 'w-28', cell: ({ username }) => username },
            {
              id: 'priority',
              title: t('queue.priority'),
              width: 'w-20',
              align: 'right',
              cell: ({ priority }) => <span className="tabular-nums">{priority}</span>,
            },
            {
              id: 'reason',
              title: t('queue.reason'),
              cell: ({ reason }) => <span className="text-12 text-fg-2">{reason?.[language] ?? '–'}</span>,
            },
            {
              id: 'start',
              title: t('queue.start'),
              width: 'w-32',
              cell: ({ expected_start_at }) =>
                expected_start_at === null ? (
                  <span className="text-12 text-fg-3">{t('queue.unknown')}</span>
                ) : (
                  <Time at={expected_start_at} className="text-fg-2" />
                ),
            },
            {
              id: 'since',
              title: t('queue.since'),
              width: 'w-32',
              cell: ({ created_at }) => <Time at={created_at} className="text-fg-2" />,
            },
          ]}
        />
      )}
    </Panel>
  );
}
