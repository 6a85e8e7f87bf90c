import { Plus, X } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { IconButton } from '@/ui/IconButton';
import { Menu } from '@/ui/Menu';
import { useMetricWords } from '@/ui/metricWords';
import { SegmentedControl } from '@/ui/SegmentedControl';
import { Select } from '@/ui/Select';
import { TextField } from '@/ui/TextField';
import { SchemaField } from '@/viz/form/SchemaField';
import type { Assets } from '@/viz/graph/assets';
import { portColour } from '@/viz/graph/colours';
import { behind } from '@/viz/graph/conditions';
import {
  bindingTo,
  type DocumentNode,
  formatEnd,
  nodeTitle,
  OPERATORS,
  type PipelineDocument,
  signOf,
} from '@/viz/graph/document';
import { allPorts, linkRefusal } from '@/viz/graph/ports';
import type { Schema } from '@/viz/graph/schema';
import type { Problem } from '../../api';
import { changeNode, connect, feed, removeParts } from '../actions';
import type { Store } from '../history';
import { problemAt } from '../problemAt';
import { Source } from '../Source';
import { exposeLimit, metricsFor, withMetrics } from './metrics';

interface ConditionFieldsProps {
  node: DocumentNode;
  store: Store<PipelineDocument>;
  document: PipelineDocument;
  assets: Assets;
  problems: Problem[];
}

/** Whose metric is compared with what, and where the two branches lead. */
export function ConditionFields({ node, store, document, assets, problems }: ConditionFieldsProps) {
  const { t } = useTranslation('pipelines');
  const words = useMetricWords();
  const { catalog } = assets;
  const declared = metricsFor(document, node.id, catalog).map(({ name }) => name);
  const metric = node.metric ?? '';
  const metrics = metric === '' || declared.includes(metric) ? declared : [...declared, metric];
  const change = (next: Partial<DocumentNode>, what: string) =>
    store.change((current) => changeNode(current, node.id, next), `${node.id}.${what}`);
  const problem = (key: string) => problemAt(problems, `nodes.${node.id}.${key}`);
  const operator = node.operator ?? '>=';
  const parameters = Object.entries(document.parameters ?? {});
  return (
    <>
      <Source
        document={document}
        catalog={catalog}
        to={formatEnd({ node: node.id, port: 'measured' })}
        label={t('condition.of')}
        onChange={(to, from) => store.change((current) => withMetrics(feed(current, to, from), catalog))}
      />
      {declared.length > 0 ? (
        <Select
          label={t('condition.metric')}
          description={t('condition.metricHelp')}
          error={problem('metric')}
          value={metric || null}
          placeholder={t('condition.chooseMetric')}
          onChange={(id) => change({ metric: id }, 'metric')}
          options={metrics.map((id) => ({ id, label: words(id) }))}
        />
      ) : (
        <TextField
          label={t('condition.metric')}
          description={t('condition.metricHelp')}
          error={problem('metric')}
          value={metric}
          onChange={(next) => change({ metric: next.trim() }, 'metric')}
        />
      )}
      <div>
        <p className="mb-1 text-12 font-medium text-fg-2">{t('condition.operator')}</p>
        <SegmentedControl
          label={t('condition.operator')}
          value={operator}
          onChange={(id) => change({ operator: id }, 'operator')}
          items={OPERATORS.map((id) => ({
            id,
            label: <span className="min-w-6 text-13">{signOf(id)}</span>,
            name: t(`condition.operators.${OPERATORS.indexOf(id)}`),
          }))}
        />
        <span className="ml-2.5 text-12 text-fg-3">
          {t(`condition.operators.${OPERATORS.indexOf(operator)}`, { defaultValue: '' })}
        </span>
      </div>
      <SchemaField
        name="value"
        schema={{ type: 'number', title: t('condition.value') }}
        value={node.value}
        onChange={(value) => change({ value: value as DocumentNode['value'] }, 'value')}
        isRequired
        problem={problem('value')}
        binding={{
          parameters: parameters.filter(([, { type }]) => isNumber(type)).map(([name]) => name),
          bind: (parameter) => change({ value: bindingTo(parameter) }, 'value'),
          expose: () => store.change((current) => exposeLimit(current, node)),
        }}
      />
      {(['then', 'otherwise'] as const).map((port) => (
        <Branch key={port} node={node} port={port} document={document} assets={assets} store={store} />
      ))}
    </>
  );
}

function isNumber(type: Schema['type']): boolean {
  return type === 'number' || type === 'integer';
}

type BranchProps = Pick<ConditionFieldsProps, 'node' | 'document' | 'assets' | 'store'> & {
  port: 'then' | 'otherwise';
};

/** The steps behind a branch; another is led to without a mouse. */
function Branch({ node, port, document, assets, store }: BranchProps) {
  const { t, i18n } = useTranslation('pipelines');
  const from = formatEnd({ node: node.id, port });
  const steps = behind(document, node.id, port);
  const nodes = document.nodes ?? [];
  const title = (id: string) => {
    const found = nodes.find((each) => each.id === id);
    return found ? nodeTitle(found, i18n.language) : id;
  };
  const ports = allPorts(document, assets.catalog);
  const others = nodes.filter(({ id }) => linkRefusal(document, ports, from, id) === null);
  return (
    <section>
      <div className="flex h-6 items-center gap-2 text-12">
        <span
          aria-hidden
          className="size-2.5 shrink-0 rounded-full"
          style={{ backgroundColor: portColour('branch') }}
        />
        <h3 className="min-w-0 flex-1 font-medium text-fg-2">{t(`condition.${port}`)}</h3>
        {others.length > 0 && (
          <Menu
            label={t('condition.lead')}
            groups={[
              {
                items: others.map(({ id }) => ({
                  id,
                  label: title(id),
                  onAction: () => store.change((current) => connect(current, from, id)),
                })),
              },
            ]}
          >
            <IconButton
              size="small"
              icon={Plus}
              label={`${t(`condition.${port}`)}: ${t('condition.lead')}`}
            />
          </Menu>
        )}
      </div>
      {steps.length === 0 && <p className="pl-4.5 text-12 text-fg-3">{t('condition.nothing')}</p>}
      <ul className="space-y-0.5">
        {steps.map((id) => (
          <li key={id} className="flex items-center gap-2 pl-4.5 text-13">
            <span translate="no" className="min-w-0 flex-1 truncate">
              {title(id)}
            </span>
            <IconButton
              size="small"
              icon={X}
              label={t('condition.leadNoMore', { step: title(id) })}
              onPress={() => store.change((current) => removeParts(current, [], [`${from}>${id}`]))}
            />
          </li>
        ))}
      </ul>
    </section>
  );
}
