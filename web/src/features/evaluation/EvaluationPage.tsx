import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Badge } from '@/ui/Badge';
import { ErrorState } from '@/ui/ErrorState';
import { KeyValue } from '@/ui/KeyValue';
import { Metric } from '@/ui/Metric';
import { useMetricWords } from '@/ui/metricWords';
import { PageHeader } from '@/ui/PageHeader';
import { Panel } from '@/ui/Panel';
import { AppLink, projectPath, useParam, useProject, useQueryState } from '@/ui/routing';
import { SkeletonRows } from '@/ui/Skeleton';
import { type Report, reportQuery } from './api';
import { ClassTable } from './ClassTable';
import { ConfusionMatrix } from './ConfusionMatrix';
import { Curves } from './Curves';
import { Figures } from './Figures';
import { MistakeTable } from './MistakeTable';
import { type Filter, filterOf, matrixOf, ordersOf, queryOf, thresholdOf } from './model';
import { Samples } from './Samples';
import { SliceTable } from './SliceTable';

/** What a test found. The address holds the threshold, the class of the curves and the samples looked at. */
export default function EvaluationPage() {
  const { t } = useTranslation('evaluation');
  const project = useProject();
  const task = Number(useParam('task'));
  const [query] = useQueryState();
  const report = useQuery(reportQuery(project, task, thresholdOf(query)));
  if (report.data) return <Loaded project={project} report={report.data} />;
  return (
    <div className="flex h-full flex-col">
      <PageHeader
        parents={[{ label: t('runs'), href: projectPath(project, 'runs') }]}
        title={t('title', { task })}
      />
      {report.isError ? (
        <ErrorState error={report.error} onRetry={() => void report.refetch()} />
      ) : (
        <SkeletonRows className="p-6" />
      )}
    </div>
  );
}

function Loaded({ project, report }: { project: string; report: Report }) {
  const { t } = useTranslation('evaluation');
  const [query, setQuery] = useQueryState();
  const filter = filterOf(query);
  const show = (next: Partial<Filter> | null) =>
    setQuery(queryOf(next && { order: filter?.order ?? ordersOf(report)[0], ...next }), {
      push: next !== null && filter === null,
    });
  const { run_id: run } = report;
  const parents = [
    { label: t('runs'), href: projectPath(project, 'runs') },
    ...(run === null
      ? []
      : [
          {
            label: t('run', { run }),
            href: `${projectPath(project, 'runs', run)}?task=${encodeURIComponent(report.task_name)}`,
          },
        ]),
  ];
  return (
    <div className="flex h-full flex-col">
      <PageHeader parents={parents} title={t('title', { task: report.task_id })}>
        <Subject project={project} report={report} />
      </PageHeader>
      <div className="flex min-h-0 flex-1">
        <div className="flex min-w-0 flex-1 flex-col">
          <Figures report={report} shown={filter} onShow={show} />
          <div className="min-h-0 flex-1 overflow-auto">
            <div className="space-y-4 p-6">
              <div className="grid grid-cols-[repeat(auto-fit,minmax(460px,1fr))] items-start gap-4">
                {report.is_matrix_complete ? (
                  <ConfusionMatrix
                    matrix={matrixOf(report)}
                    isDetection={report.detection !== null}
                    shown={filter}
                    onShow={show}
                  />
                ) : (
                  <MistakeTable report={report} onShow={show} />
                )}
                <Curves project={project} report={report} />
              </div>
              <ClassTable report={report} onShow={show} />
              <SliceTable project={project} report={report} onShow={show} />
              <About report={report} />
            </div>
          </div>
        </div>
        {filter !== null && <Samples project={project} report={report} filter={filter} onShow={show} />}
      </div>
    </div>
  );
}

/** Which model was tested on which data. */
function Subject({ project, report: { model, dataset } }: { project: string; report: Report }) {
  const { t } = useTranslation('evaluation');
  const link = 'text-accent hover:underline';
  return (
    <span className="flex min-w-0 items-center gap-2 truncate text-12 text-fg-2">
      {model !== null &&
        (model.name === null ? (
          <span>{t('unpublishedModel')}</span>
        ) : (
          <AppLink href={`${projectPath(project, 'models', model.name)}?v=${model.version}`} className={link}>
            {`${model.name}@${model.version}`}
          </AppLink>
        ))}
      <span className="text-fg-3">{t('on')}</span>
      {dataset.name === null ? (
        <span>{t('unpublishedDataset')}</span>
      ) : (
        <AppLink
          href={`${projectPath(project, 'datasets', dataset.name)}?v=${dataset.version}`}
          className={link}
        >
          {`${dataset.name}@${dataset.version}`}
        </AppLink>
      )}
      {dataset.split && (
        <Badge tone="dataset">
          {dataset.split === 'all' ? t('samples.all') : <span translate="no">{dataset.split}</span>}
        </Badge>
      )}
    </span>
  );
}

/** Speed, size and the machine they were measured on. */
function About({ report: { cost, hardware } }: { report: Report }) {
  const { t } = useTranslation('evaluation');
  const words = useMetricWords();
  const costs = Object.entries(cost);
  const machine = Object.entries(hardware);
  if (costs.length + machine.length === 0) return null;
  return (
    <Panel title={t('cost')}>
      <div className="grid grid-cols-2 gap-6 p-4">
        <KeyValue
          labelWidth="200px"
          facts={costs.map(([name, value]) => ({
            label: words(name),
            isName: words(name) === name,
            value: <Metric name={name} value={value} />,
          }))}
        />
        <KeyValue
          facts={machine.map(([name, value]) => ({
            label: t(`hardware.${name}`, { defaultValue: name }),
            value: <span translate="no">{String(value)}</span>,
          }))}
        />
      </div>
    </Panel>
  );
}
