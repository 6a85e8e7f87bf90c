import { useTranslation } from 'react-i18next';
import type { Schemas } from '@/api/client';
import { useFormat } from '@/i18n/format';
import { CodeBlock, CopyButton } from '@/ui/CodeBlock';
import { KeyValue } from '@/ui/KeyValue';
import { Metric } from '@/ui/Metric';
import { MetricName } from '@/ui/MetricName';
import { useMetricWords } from '@/ui/metricWords';
import { Panel } from '@/ui/Panel';
import { projectPath } from '@/ui/routing';
import { Table } from '@/ui/Table';
import { Time } from '@/ui/Time';
import type { ModelVersion } from './api';
import { Lineage } from './Lineage';
import { keyMetric } from './model';

interface SummaryTabProps {
  project: string;
  model: Schemas['ModelDetail'];
  version: ModelVersion;
}

/** The version at a glance, and the others. */
export function SummaryTab({ project, model, version }: SummaryTabProps) {
  const { t } = useTranslation('models');
  const words = useMetricWords();
  const { bytes, count } = useFormat();
  return (
    <div className="grid max-w-[1280px] grid-cols-[minmax(0,2fr)_minmax(300px,1fr)] items-start gap-4 p-6">
      <div className="space-y-4">
        <Panel title={t('lineage')}>
          <Lineage project={project} version={version} />
        </Panel>
        <Panel title={t('versions')}>
          <Table
            label={t('versions')}
            items={model.versions}
            idOf={(item) => item.version}
            hrefOf={(item) => `${projectPath(project, 'models', model.name)}?v=${item.version}`}
            columns={[
              { id: 'version', title: t('version'), isRowHeader: true, cell: (item) => `v${item.version}` },
              {
                id: 'metric',
                title: t('metric'),
                cell: (item) => {
                  const metric = keyMetric(item.metrics);
                  return (
                    metric && (
                      <span>
                        <MetricName name={metric[0]} className="text-fg-3" />{' '}
                        <Metric name={metric[0]} value={metric[1]} />
                      </span>
                    )
                  );
                },
              },
              { id: 'size', title: t('size'), align: 'right', cell: (item) => bytes(item.size_bytes) },
              { id: 'by', title: t('createdBy'), cell: (item) => item.created_by },
              {
                id: 'created',
                title: t('created'),
                align: 'right',
                cell: (item) => <Time at={item.created_at} className="text-fg-2" />,
              },
            ]}
          />
        </Panel>
      </div>
      <div className="space-y-4">
        <Panel title={t('training')}>
          <div className="p-4">
            <KeyValue
              facts={Object.entries(version.metrics).map(([name, value]) => ({
                label: words(name),
                isName: words(name) === name,
                value: <Metric name={name} value={value} />,
              }))}
            />
          </div>
        </Panel>
        <Panel title={t('facts')}>
          <div className="p-4">
            <KeyValue
              labelWidth="80px"
              facts={[
                { label: t('size'), value: bytes(version.size_bytes) },
                {
                  label: t('classes'),
                  value: version.class_names.length > 0 && (
                    <span>
                      {count(version.class_names.length)}
                      <span className="text-fg-3"> · {version.class_names.slice(0, 12).join(', ')}</span>
                    </span>
                  ),
                },
                {
                  label: t('digest'),
                  value: (
                    <span className="flex items-center gap-1 font-mono text-12">
                      {version.digest.slice(0, 16)}…
                      <CopyButton text={version.digest} />
                    </span>
                  ),
                },
              ]}
            />
          </div>
        </Panel>
        <Panel title={t('load')}>
          <div className="p-4">
            <CodeBlock code={`kpl model download ${version.name}@${version.version} ./${version.name}`} />
          </div>
        </Panel>
      </div>
    </div>
  );
}
