import { useTranslation } from 'react-i18next';
import { formatMetric } from '@/i18n/format';
import { KeyValue } from '@/ui/KeyValue';
import { useMetricWords } from '@/ui/metricWords';
import { SectionTitle } from '@/ui/Panel';
import { signOf } from '@/viz/graph/document';
import type { TaskDetail } from '../api';

/** What a condition compared, and which way the run went on. */
export function ConditionFacts({ condition }: { condition: NonNullable<TaskDetail['condition']> }) {
  const { t } = useTranslation(['runs', 'pipelines']);
  const words = useMetricWords();
  const { metric, measured, operator, value, branch } = condition;
  return (
    <section>
      <SectionTitle>{t('node.condition', { ns: 'pipelines' })}</SectionTitle>
      <KeyValue
        facts={[
          { label: t('task.condition.metric'), value: words(metric) },
          { label: t('task.condition.measured'), value: measured !== null && formatMetric(measured) },
          { label: t('task.condition.limit'), value: `${signOf(operator)} ${value}` },
          { label: t('task.condition.branch'), value: branch && t(`task.condition.${branch}`) },
        ]}
      />
    </section>
  );
}
