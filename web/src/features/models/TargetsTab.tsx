import { useQuery } from '@tanstack/react-query';
import { Check, Download, PackageOpen } from 'lucide-react';
import { Trans, useTranslation } from 'react-i18next';
import { readProblem } from '@/api/problem';
import { outputFileUrl, outputsQuery } from '@/api/tasks';
import { useFormat } from '@/i18n/format';
import { Badge } from '@/ui/Badge';
import { Button, buttonClass } from '@/ui/Button';
import { download } from '@/ui/download';
import { EmptyState } from '@/ui/EmptyState';
import { ErrorState } from '@/ui/ErrorState';
import { InlineCode } from '@/ui/InlineCode';
import { Panel } from '@/ui/Panel';
import { AppLink, projectPath } from '@/ui/routing';
import { SkeletonRows } from '@/ui/Skeleton';
import { Table } from '@/ui/Table';
import { Time } from '@/ui/Time';
import type { Evaluation, ModelVersion } from './api';
import { TargetChart } from './TargetChart';
import {
  type CompileReport,
  measured,
  paretoFront,
  parseCompileReport,
  type Target,
  targetsCsv,
} from './targets';

/** What the version was compiled for: accuracy, speed and size of each target, and the package to download. */
export function TargetsTab({ project, version }: { project: string; version: ModelVersion }) {
  const { t } = useTranslation('models');
  const compilations = version.evaluations.filter((each) => each.function === 'compile');
  if (compilations.length === 0)
    return (
      <EmptyState icon={PackageOpen} title={t('targets.none')}>
        {t('targets.noneWhy')}
      </EmptyState>
    );
  return (
    <div className="max-w-[1280px] space-y-4 p-6">
      {compilations.map((compilation) => (
        <Compilation key={compilation.task_id} project={project} compilation={compilation} />
      ))}
    </div>
  );
}

function Compilation({ project, compilation }: { project: string; compilation: Evaluation }) {
  const { t } = useTranslation('models');
  const outputs = useQuery(outputsQuery(project, compilation.task_id));
  const output = outputs.data?.find(({ files }) => files.some(({ path }) => path === 'report.json'));
  const url = output && outputFileUrl(project, compilation.task_id, output.name, 'report.json');
  const report = useQuery({
    queryKey: ['compile-report', url],
    queryFn: async () => {
      const answer = await fetch(url as string);
      if (!answer.ok) throw await readProblem(answer);
      return parseCompileReport(await answer.json());
    },
    enabled: url !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const failed = outputs.isError ? outputs : report.isError ? report : null;
  const archives = output?.files.filter(({ path }) => path.endsWith('.zip') && !path.includes('/')) ?? [];
  return (
    <Panel
      title={t('function.compile')}
      aside={
        <>
          {compilation.run_id !== null && (
            <AppLink
              href={projectPath(project, 'runs', compilation.run_id)}
              className="text-fg-2 hover:underline"
            >
              {t('run', { id: compilation.run_id })}
            </AppLink>
          )}
          {compilation.finished_at && <Time at={compilation.finished_at} />}
          {report.data && measured(report.data.targets).length > 0 && (
            <Button
              size="small"
              onPress={() =>
                download(`targets-${compilation.task_id}.csv`, targetsCsv(report.data), 'text/csv')
              }
            >
              <Download aria-hidden />
              CSV
            </Button>
          )}
          {output &&
            archives.map(({ path }) => (
              <a
                key={path}
                href={outputFileUrl(project, compilation.task_id, output.name, path)}
                download={path}
                className={buttonClass('secondary', 'small')}
              >
                <Download aria-hidden />
                {path}
              </a>
            ))}
        </>
      }
    >
      {failed ? (
        <ErrorState isInline error={failed.error} onRetry={() => void failed.refetch()} />
      ) : report.data ? (
        <Targets report={report.data} />
      ) : outputs.data && url === undefined ? (
        <p className="p-4 text-13 text-fg-2">{t('targets.noReport')}</p>
      ) : (
        <SkeletonRows className="p-4" />
      )}
    </Panel>
  );
}

function Targets({ report }: { report: CompileReport }) {
  const { t } = useTranslation('models');
  const { bytes, metric, share, count } = useFormat();
  const built = measured(report.targets);
  const front = paretoFront(built);
  const isBuilt = ({ accuracyAfter }: Target) => accuracyAfter !== null;
  const device = String(report.hardware.device ?? '');
  return (
    <>
      <div className="grid grid-cols-[minmax(0,1fr)_300px] items-start">
        <Table
          label={t('tabs.targets')}
          items={report.targets.filter(isBuilt)}
          idOf={({ target }) => target}
          columns={[
            {
              id: 'target',
              title: t('targets.target'),
              isRowHeader: true,
              cell: ({ target }) => (
                <span className="inline-flex items-center gap-2">
                  <span className="font-mono text-12">{target}</span>
                  {target === report.chosen && (
                    <Badge tone="compile" icon={<Check aria-hidden />}>
                      {t('targets.chosen')}
                    </Badge>
                  )}
                  {front.has(target) && built.length > 1 && <Badge tone="ok">{t('targets.front')}</Badge>}
                </span>
              ),
            },
            {
              id: 'accuracy',
              title: t('targets.accuracy'),
              align: 'right',
              cell: (each) => (
                <span className="tabular-nums">
                  {share(each.accuracyAfter ?? 0, 2)} <Drop target={each} />
                </span>
              ),
            },
            { id: 'p50', title: 'p50', align: 'right', cell: (each) => ms(metric, each.latencyP50Ms) },
            { id: 'p99', title: 'p99', align: 'right', cell: (each) => ms(metric, each.latencyP99Ms) },
            {
              id: 'throughput',
              title: t('targets.throughput'),
              align: 'right',
              cell: (each) => each.throughputPerS !== null && count(Math.round(each.throughputPerS)),
            },
            {
              id: 'size',
              title: t('size'),
              align: 'right',
              cell: (each) => each.sizeBytes !== null && bytes(each.sizeBytes),
            },
          ]}
        />
        <TargetChart targets={built} chosen={report.chosen} front={front} />
      </div>
      <p className="border-t border-line px-4 py-2 text-12 text-fg-2">
        <Trans
          t={t}
          i18nKey="targets.measured"
          values={{ count: report.numSamples, split: report.split, device }}
          components={{ name: <span translate="no" /> }}
        />
        {report.originalSizeBytes !== null &&
          ` ${t('targets.original', { size: bytes(report.originalSizeBytes) })}`}
      </p>
      <Absent targets={report.targets.filter((each) => !isBuilt(each))} />
    </>
  );
}

const ms = (metric: (value: number) => string, value: number | null) =>
  value !== null && `${metric(value)} ms`;

/** By how much the accuracy fell or rose, in points. */
function Drop({ target: { accuracyBefore, accuracyAfter } }: { target: Target }) {
  if (accuracyBefore === null || accuracyAfter === null) return null;
  const points = (accuracyAfter - accuracyBefore) * 100;
  if (Math.abs(points) < 0.005) return <span className="inline-block w-12 text-12 text-fg-3">±0</span>;
  return (
    <span className={`inline-block w-12 text-12 ${points < 0 ? 'text-failed' : 'text-ok'}`}>
      {`${points > 0 ? '+' : '−'}${Math.abs(points).toFixed(2)}`}
    </span>
  );
}

/** Targets that were not built, and what they need. */
function Absent({ targets }: { targets: Target[] }) {
  const { t } = useTranslation('models');
  const { worded } = useFormat();
  if (targets.length === 0) return null;
  return (
    <ul className="space-y-1 border-t border-line px-4 py-3 text-12 text-fg-2">
      {targets.map(worded).map(({ target, needs, isAvailable }) => (
        <li key={target}>
          <span className="font-mono">{target}</span>{' '}
          <span className="text-fg-3">
            {isAvailable || needs === '' ? (
              t('targets.notAsked')
            ) : (
              <InlineCode text={t('targets.needs', { needs })} />
            )}
          </span>
        </li>
      ))}
    </ul>
  );
}
