import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { PackagePlus, Sigma } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMayChange } from '@/api/projects';
import { useFormat } from '@/i18n/format';
import { Badge } from '@/ui/Badge';
import { Button } from '@/ui/Button';
import { EmptyState } from '@/ui/EmptyState';
import { ErrorState } from '@/ui/ErrorState';
import { ListHeader } from '@/ui/ListHeader';
import { Metric } from '@/ui/Metric';
import { MetricName } from '@/ui/MetricName';
import { MoreButton } from '@/ui/MoreButton';
import { Page } from '@/ui/PageHeader';
import { SectionTitle } from '@/ui/Panel';
import { AppLink, projectPath, useProject, useQueryState } from '@/ui/routing';
import { Skeleton } from '@/ui/Skeleton';
import { FUNCTIONS } from '@/viz/graph/colours';
import { FunctionChip } from '@/viz/graph/icons';
import { FailuresOf } from '@/viz/tasks/FailedTasks';
import { type Algorithm, algorithmsQuery, benchmarksQuery } from '../api';
import { type Device, fastEnough, kindsOf, within } from '../benchmarks';
import { byTask } from '../model';
import { Filters } from './Filters';
import { InstallDialog } from './InstallDialog';

/** What is installed, by what it is for. */
export default function AlgorithmsPage() {
  const { t } = useTranslation('algorithms');
  const { count } = useFormat();
  const project = useProject();
  const [query, setQuery] = useQueryState();
  const [isInstalling, setInstalling] = useState(false);
  const algorithms = useInfiniteQuery(
    algorithmsQuery(project, {
      search: query.q,
      task: query.task,
      function: FUNCTIONS.find((name) => name === query.function),
    }),
  );
  const benchmarks = useQuery(benchmarksQuery(project)).data ?? [];
  const speed = { device: query.device, atMost_ms: Number(query.ms) || undefined };
  const found = algorithms.data?.pages.flatMap(({ items }) => items) ?? [];
  const all = fastEnough(found, benchmarks, speed);
  const groups = byTask(all);
  const isNarrowed = Boolean(query.q || query.task || query.function || query.device || query.ms);
  const isEmpty = algorithms.data !== undefined && all.length === 0 && !isNarrowed;
  const mayChange = useMayChange(project);
  const install = mayChange && (
    <Button variant="primary" onPress={() => setInstalling(true)}>
      <PackagePlus aria-hidden />
      {t('install.action')}
    </Button>
  );
  const header = (
    <ListHeader
      title={t('title')}
      count={all.length > 0 ? count(all.length) : undefined}
      search={!isEmpty && { label: t('list.search'), value: query.q ?? '', onChange: (q) => setQuery({ q }) }}
      actions={install}
    />
  );
  return (
    <Page header={header}>
      {!isEmpty && <Filters kinds={kindsOf(benchmarks)} />}
      <div className="p-6">
        {algorithms.isError && (
          <ErrorState error={algorithms.error} onRetry={() => void algorithms.refetch()} />
        )}
        {algorithms.isPending && (
          <div className="grid grid-cols-3 gap-4">
            {[0, 1, 2].map((index) => (
              <Skeleton key={index} className="h-40" />
            ))}
          </div>
        )}
        <FailuresOf project={project} algorithm="algorithm_install" className="mb-7" />
        {isEmpty && (
          <EmptyState
            icon={Sigma}
            title={t('list.emptyTitle')}
            action={install}
            command="kpl algorithm install FOLDER"
          >
            {t('list.emptyText')}
          </EmptyState>
        )}
        {algorithms.data && !isEmpty && (
          <>
            {groups.length === 0 && (
              <p className="mx-auto max-w-prose p-8 text-center text-fg-3">
                {t(query.device || query.ms ? 'list.nothingMeasured' : 'list.nothingFound')}
              </p>
            )}
            {groups.map(({ task, items }) => (
              <section key={task} className="mb-7">
                <SectionTitle aside={String(items.length)}>
                  {t(`task.${task}`, { defaultValue: t(`kind.${task}`, { defaultValue: task }) })}
                </SectionTitle>
                <ul className="grid grid-cols-[repeat(auto-fill,minmax(340px,1fr))] gap-4">
                  {items.map((algorithm) => (
                    <li key={algorithm.name}>
                      <Card
                        project={project}
                        algorithm={algorithm}
                        measured={within(
                          benchmarks.find((each) => each.algorithm === algorithm.name),
                          speed,
                        )}
                      />
                    </li>
                  ))}
                </ul>
              </section>
            ))}
            <MoreButton list={algorithms} />
          </>
        )}
      </div>
      <InstallDialog project={project} isOpen={isInstalling} onClose={() => setInstalling(false)} />
    </Page>
  );
}

interface CardProps {
  project: string;
  algorithm: Algorithm;
  measured: Device[];
}

function Card({ project, algorithm, measured }: CardProps) {
  const { t } = useTranslation('algorithms');
  const { localized } = useFormat();
  return (
    <AppLink
      href={projectPath(project, 'algorithms', algorithm.name)}
      className="flex h-full flex-col gap-2.5 rounded-lg border border-line bg-surface p-4 transition-colors hover:border-line-strong"
    >
      <div className="flex items-baseline gap-2">
        <h3 className="min-w-0 truncate text-14 font-semibold">
          {localized(algorithm.title) || algorithm.name}
        </h3>
        <span className="shrink-0 text-12 text-fg-3">{algorithm.version}</span>
        <span className="flex-1" />
        {algorithm.origin === 'builtin' && <Badge>{t('list.builtin')}</Badge>}
      </div>
      <p className="line-clamp-3 text-13 text-fg-2">{localized(algorithm.description)}</p>
      <Measured devices={measured} />
      <div className="mt-auto flex flex-wrap gap-1 pt-1">
        {FUNCTIONS.filter((name) => algorithm.functions.includes(name)).map((name) => (
          <FunctionChip key={name} name={name} label={t(`function.${name}`, { ns: 'pipelines' })} />
        ))}
      </div>
    </AppLink>
  );
}

const DEVICES = 2;

/** The best that was measured, device by device; nothing where nothing was. */
function Measured({ devices }: { devices: Device[] }) {
  const { t } = useTranslation('algorithms');
  if (devices.length === 0) return null;
  return (
    <ul aria-label={t('list.measured')} className="space-y-0.5 text-12 text-fg-2">
      {devices.slice(0, DEVICES).map(({ device, device_kind, accuracy, latency_ms }) => (
        <li key={device} className="flex flex-wrap items-baseline gap-x-3" title={device}>
          <span className="w-9 shrink-0 text-11 font-medium text-fg-3 uppercase">{device_kind || '–'}</span>
          {accuracy && (
            <span className="whitespace-nowrap" title={accuracy.target || undefined}>
              <span className="text-fg-3">
                <MetricName name={accuracy.metric} /> {t('list.upTo')}
              </span>{' '}
              <Metric name={accuracy.metric} value={accuracy.value} />
            </span>
          )}
          {latency_ms && (
            <span className="whitespace-nowrap" title={latency_ms.target || undefined}>
              <span className="text-fg-3">{t('list.from')}</span>{' '}
              <Metric name={latency_ms.metric} value={latency_ms.value} />
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}
