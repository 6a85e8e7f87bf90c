import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { ErrorState } from '@/ui/ErrorState';
import { Panel } from '@/ui/Panel';
import { AppLink } from '@/ui/routing';
import { Skeleton } from '@/ui/Skeleton';
import { clusterQuery } from './api';
import { type DeviceCell, deviceCells, heldOf } from './model';

/** How much of the cluster is held: a cell for each device of the first machines, and all in numbers. */
export function ClusterStrip() {
  const { t } = useTranslation('overview');
  const { metric, bytes } = useFormat();
  const cluster = useQuery(clusterQuery);
  const words = (resource: string, amount: number) =>
    resource === 'memory' ? bytes(amount * 1024 ** 2) : metric(amount / 1000);
  return (
    <Panel
      title={t('nav.cluster')}
      aside={
        <AppLink href="/cluster" className="text-fg-2 hover:text-fg">
          {t('all')}
        </AppLink>
      }
    >
      {cluster.isLoadingError && (
        <ErrorState isInline error={cluster.error} onRetry={() => void cluster.refetch()} />
      )}
      {cluster.isPending && <Skeleton className="m-4 h-10" />}
      {cluster.data && (
        <div className="space-y-3 p-4">
          <Cells cells={deviceCells(cluster.data.machines)} />
          <dl className="grid grid-cols-[auto_1fr_auto] items-center gap-x-3 gap-y-1.5 text-12">
            {heldOf(cluster.data).map(({ resource, held, total }) => (
              <div key={resource} className="contents">
                <dt className="text-fg-2">
                  {t(`resource.${resource}`, { defaultValue: resource.toUpperCase() })}
                </dt>
                <dd aria-hidden className="h-1.5 overflow-hidden rounded-full bg-sunken">
                  <span
                    className="block h-full rounded-full bg-accent"
                    style={{ width: `${total > 0 ? Math.min(1, held / total) * 100 : 0}%` }}
                  />
                </dd>
                <dd className="text-right text-fg-2 tabular-nums">
                  {t('cluster.of', { held: words(resource, held), total: words(resource, total) })}
                </dd>
              </div>
            ))}
          </dl>
          <p className="text-12 text-fg-3">
            {t('cluster.machines', { count: cluster.data.num_machines })}
            {(cluster.data.states.lost ?? 0) > 0 &&
              ` · ${t('cluster.lost', { count: cluster.data.states.lost ?? 0 })}`}
          </p>
        </div>
      )}
    </Panel>
  );
}

function Cells({ cells }: { cells: DeviceCell[] }) {
  const { t } = useTranslation('overview');
  const { share } = useFormat();
  if (cells.length === 0) return null;
  const held = cells.filter((cell) => cell.share > 0).length;
  return (
    <div
      role="img"
      aria-label={t('cluster.cells', { held, count: cells.length })}
      className="flex flex-wrap gap-1"
    >
      {cells.map((cell) => (
        <span
          key={cell.name}
          title={t('cluster.cell', { name: cell.name, share: share(cell.share, 0) })}
          className="relative size-4 overflow-hidden rounded-[3px] border border-line bg-sunken"
        >
          <span
            className="absolute inset-x-0 bottom-0 bg-accent"
            style={{ height: `${Math.min(1, cell.share) * 100}%` }}
          />
        </span>
      ))}
    </div>
  );
}
