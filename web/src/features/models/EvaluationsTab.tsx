import { Gauge } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { EmptyState } from '@/ui/EmptyState';
import { KeyValue } from '@/ui/KeyValue';
import { Metric } from '@/ui/Metric';
import { metricUnit } from '@/ui/metricUnit';
import { useMetricWords } from '@/ui/metricWords';
import { Panel } from '@/ui/Panel';
import { AppLink, projectPath } from '@/ui/routing';
import { Time } from '@/ui/Time';
import type { Evaluation, ModelVersion } from './api';

/** Accuracy on the left, speed and size on the right, for each test of this version. */
export function EvaluationsTab({ project, version }: { project: string; version: ModelVersion }) {
  const { t } = useTranslation('models');
  const tests = version.evaluations.filter((each) => each.function === 'test');
  if (tests.length === 0)
    return (
      <EmptyState icon={Gauge} title={t('noEvaluations')}>
        {t('noEvaluationsWhy')}
      </EmptyState>
    );
  return (
    <div className="max-w-[960px] space-y-4 p-6">
      {tests.map((evaluation) => (
        <EvaluationPanel key={evaluation.task_id} project={project} evaluation={evaluation} />
      ))}
    </div>
  );
}

function EvaluationPanel({ project, evaluation }: { project: string; evaluation: Evaluation }) {
  const { t } = useTranslation('models');
  const words = useMetricWords();
  const entries = Object.entries(evaluation.metrics);
  const isCost = ([name, value]: [string, number]) =>
    ['milliseconds', 'bytes', 'perSecond'].includes(metricUnit(name, value));
  const facts = (list: [string, number][]) =>
    list.map(([name, value]) => ({
      label: words(name),
      isName: words(name) === name,
      value: <Metric name={name} value={value} />,
    }));
  return (
    <Panel
      title={t('function.test')}
      aside={
        <>
          <AppLink
            href={projectPath(project, 'evaluations', evaluation.task_id)}
            className="font-medium text-accent hover:underline"
          >
            {t('openEvaluation')}
          </AppLink>
          {evaluation.run_id !== null && (
            <AppLink
              href={projectPath(project, 'runs', evaluation.run_id)}
              className="text-fg-2 hover:underline"
            >
              {t('run', { id: evaluation.run_id })}
            </AppLink>
          )}
          {evaluation.finished_at && <Time at={evaluation.finished_at} />}
        </>
      }
    >
      <div className="grid grid-cols-2 gap-6 p-4">
        <div>
          <h3 className="mb-2 text-12 font-semibold text-fg-2">{t('quality')}</h3>
          <KeyValue labelWidth="160px" facts={facts(entries.filter((entry) => !isCost(entry)))} />
        </div>
        <div>
          <h3 className="mb-2 text-12 font-semibold text-fg-2">{t('cost')}</h3>
          <KeyValue labelWidth="160px" facts={facts(entries.filter(isCost))} />
        </div>
      </div>
    </Panel>
  );
}
