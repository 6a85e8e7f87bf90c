import { useQuery } from '@tanstack/react-query';
import { Cpu, FilterX } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useLiveQueries } from '@/api/live';
import { useFormat } from '@/i18n/format';
import { Button } from '@/ui/Button';
import { EmptyState } from '@/ui/EmptyState';
import { ErrorState } from '@/ui/ErrorState';
import { Page, PageHeader } from '@/ui/PageHeader';
import { Panel } from '@/ui/Panel';
import { useProject, useQueryState } from '@/ui/routing';
import { Select } from '@/ui/Select';
import { Skeleton } from '@/ui/Skeleton';
import { SearchField } from '@/ui/TextField';
import { type MachineFilter, machinesQuery, totalQuery } from './api';
import { MachinePanel } from './MachinePanel';
import { Matrix } from './Matrix';
import { type MachineState, STATES } from './model';
import { Queues } from './Queues';

/** Machines, who holds what of them, and what waits for room. */
export default function ClusterPage() {
  const { t } = useTranslation('cluster');
  const project = useProject();
  const [query, setQuery] = useQueryState();
  const wanted: MachineFilter = {
    query: query.q,
    cluster: query.pool,
    kind: query.kind,
    state: STATES.find((state) => state === query.state),
  };
  const machines = useQuery(machinesQuery(wanted));
  const total = useQuery(totalQuery);
  useLiveQueries([`project:${project}`], ({ type }) => (type === 'task' ? [['machines'], ['queues']] : []), {
    always: [['machines']],
  });
  const { data } = machines;
  const isNarrowed = Object.values(wanted).some(Boolean);
  const only = total.data?.num_machines === 1 ? data?.machines[0]?.name : undefined;
  const chosen = query.machine ?? only;
  const hasMachines = data !== undefined && (data.num_machines > 0 || isNarrowed);
  const queues = <Queues project={project} total={total.data?.total ?? {}} />;
  const clear = () => setQuery({ q: undefined, pool: undefined, kind: undefined, state: undefined });
  return (
    <Page
      header={
        <PageHeader
          title={t('title')}
          count={total.data && t('machines', { count: total.data.num_machines })}
        />
      }
    >
      <div className="mx-auto max-w-[1560px] space-y-6 p-6">
        {machines.isLoadingError && (
          <ErrorState error={machines.error} onRetry={() => void machines.refetch()} />
        )}
        {machines.isPending && (
          <>
            <Skeleton className="h-20" />
            <Skeleton className="h-64" />
          </>
        )}
        {data && !hasMachines && (
          <EmptyState icon={Cpu} title={t('emptyTitle')} command="kpl up">
            {t('emptyText')}
          </EmptyState>
        )}
        {data && hasMachines && (
          <>
            <Totals total={data.total} held={data.held} />
            <div className={chosen ? 'grid grid-cols-[minmax(0,1fr)_400px] items-start gap-4' : ''}>
              <div className="min-w-0 space-y-6">
                <Panel
                  title={t('matrix.title')}
                  aside={
                    isNarrowed && (
                      <span role="status">{t('matrix.matching', { count: data.num_machines })}</span>
                    )
                  }
                >
                  <Filters
                    wanted={wanted}
                    clusters={data.clusters}
                    kinds={data.kinds}
                    onChange={(change) => setQuery(change)}
                    onClear={isNarrowed ? clear : undefined}
                  />
                  {data.num_machines === 0 ? (
                    <p className="flex items-center gap-2 p-4 text-13 text-fg-3">
                      <FilterX aria-hidden className="size-4" />
                      {t('matrix.none')}
                    </p>
                  ) : (
                    <Matrix
                      key={JSON.stringify(wanted)}
                      wanted={wanted}
                      count={data.num_machines}
                      chosen={chosen}
                      onChoose={(machine) => setQuery({ machine })}
                    />
                  )}
                </Panel>
                {queues}
              </div>
              {chosen && (
                <MachinePanel
                  key={chosen}
                  name={chosen}
                  onClose={query.machine ? () => setQuery({ machine: undefined }) : undefined}
                />
              )}
            </div>
          </>
        )}
        {/* Not before the machines are known: to move would take the focus, and a dialog that is open, away. */}
        {!hasMachines && !machines.isPending && queues}
      </div>
    </Page>
  );
}

/** What is held of everything that the machines have, each kind of device by itself. */
function Totals({ total, held }: { total: Record<string, number>; held: Record<string, number> }) {
  const { t } = useTranslation('cluster');
  const { bytes, metric } = useFormat();
  const amount = (resource: string, value: number) =>
    resource === 'memory' ? bytes(value * 1024 ** 2) : metric(value / 1000);
  return (
    <dl className="grid grid-cols-[repeat(auto-fit,minmax(180px,1fr))] divide-x divide-line rounded-lg border border-line bg-surface">
      {Object.entries(total)
        .filter(([resource]) => !resource.includes(':'))
        .map(([resource, of]) => (
          <div key={resource} className="px-4 py-3">
            <dt className="text-12 text-fg-3">
              {t(`total.${resource}`, t('total.devices', { kind: resource.toUpperCase() }))}
            </dt>
            <dd className="mt-0.5 flex items-baseline gap-1.5">
              <span className="text-16 font-semibold tabular-nums">
                {amount(resource, held[resource] ?? 0)}
              </span>
              <span className="text-12 text-fg-3">{t('total.of', { of: amount(resource, of) })}</span>
            </dd>
            <dd aria-hidden className="mt-2 h-1.5 overflow-hidden rounded-full bg-sunken">
              <div
                className="h-full rounded-full bg-accent"
                style={{ width: `${of === 0 ? 0 : ((held[resource] ?? 0) / of) * 100}%` }}
              />
            </dd>
          </div>
        ))}
    </dl>
  );
}

interface FiltersProps {
  wanted: MachineFilter;
  clusters: string[];
  kinds: string[];
  onChange: (change: Record<string, string | undefined>) => void;
  onClear?: () => void;
}

const ANY = 'any';

function Filters({ wanted, clusters, kinds, onChange, onClear }: FiltersProps) {
  const { t } = useTranslation('cluster');
  const pick = (name: string) => (id: string) => onChange({ [name]: id === ANY ? undefined : id });
  const options = (ids: string[], label: (id: string) => string, any: string) => [
    { id: ANY, label: any },
    ...ids.map((id) => ({ id, label: label(id) })),
  ];
  return (
    <div className="flex flex-wrap items-center gap-2 border-b border-line px-4 py-2">
      <SearchField
        label={t('matrix.search')}
        value={wanted.query ?? ''}
        onChange={(q) => onChange({ q })}
        className="w-52"
      />
      {(clusters.length > 1 || wanted.cluster) && (
        <Select
          label={t('machine.pool')}
          isLabelHidden
          className="w-36"
          value={wanted.cluster ?? ANY}
          onChange={pick('pool')}
          options={options(clusters, (id) => id, t('matrix.anyPool'))}
        />
      )}
      {(kinds.length > 1 || wanted.kind) && (
        <Select
          label={t('matrix.kind')}
          isLabelHidden
          className="w-36"
          value={wanted.kind ?? ANY}
          onChange={pick('kind')}
          options={options(kinds, (id) => id.toUpperCase(), t('matrix.anyKind'))}
        />
      )}
      <Select
        label={t('queue.state')}
        isLabelHidden
        className="w-36"
        value={wanted.state ?? ANY}
        onChange={pick('state')}
        options={options(STATES, (id) => t(`state.${id as MachineState}`), t('matrix.anyState'))}
      />
      {onClear && (
        <Button size="small" variant="quiet" onPress={onClear}>
          {t('matrix.clear')}
        </Button>
      )}
    </div>
  );
}
