import { ChartScatter, CircleAlert, Diff, Plus, TriangleAlert, X } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '@/ui/Button';
import { IconButton } from '@/ui/IconButton';
import { Menu } from '@/ui/Menu';
import { NumberField } from '@/ui/NumberField';
import { ComboBox, Select } from '@/ui/Select';
import { Tabs } from '@/ui/Tabs';
import { TextField } from '@/ui/TextField';
import { folded, isChanged, withDefinitions } from '@/viz/form/model';
import { assetOptions } from '@/viz/form/ParameterForm';
import { SchemaField } from '@/viz/form/SchemaField';
import type { Assets } from '@/viz/graph/assets';
import { portColour } from '@/viz/graph/colours';
import {
  bindingTo,
  type DocumentNode,
  formatEnd,
  NODE_ID_PATTERN,
  type PipelineDocument,
  splitVersion,
} from '@/viz/graph/document';
import { NodeIcon } from '@/viz/graph/icons';
import { loadArrange, NODE_WIDTH, placed } from '@/viz/graph/layout';
import {
  allPorts,
  type Fit,
  fitting,
  fittingSources,
  functionOf,
  type NodePorts,
  type Port,
} from '@/viz/graph/ports';
import { type Schema, textOf } from '@/viz/graph/schema';
import { useNodeTitle } from '@/viz/graph/useNodeTitle';
import { isSearchable, maySearch, searchOf, startSearch } from '@/viz/search/search';
import type { Problem, Task } from '../api';
import { fitKey, fitTitle } from './AddMenu';
import {
  addJoined,
  changeNode,
  expose,
  feed,
  freePlace,
  moveNodes,
  renameNode,
  setNodeParameter,
  setNodeRange,
} from './actions';
import { ConditionFields } from './condition/ConditionFields';
import { withMetrics } from './condition/metrics';
import type { Store } from './history';
import { parameterNameFor } from './parameterNameFor';
import { problemAt } from './problemAt';
import { Source } from './Source';
import { RangeField } from './search/RangeField';
import { SearchSection } from './search/SearchSection';
import { fixParameter, searchParameter } from './search/switching';
import { algorithmsFor, swapAlgorithm } from './swap';
import { tellLost } from './tellLost';

interface InspectorProps {
  node: DocumentNode;
  store: Store<PipelineDocument>;
  document: PipelineDocument;
  assets: Assets;
  ports: NodePorts | undefined;
  problems: Problem[];
  /** The step's task in the last run of the pipeline. */
  last?: Task;
  onClose: () => void;
  onRenamed: (id: string) => void;
  onAdded: (id: string) => void;
}

/** Everything about one step. */
export default function Inspector(props: InspectorProps) {
  const { node, document, problems, onClose } = props;
  const { t } = useTranslation('pipelines');
  const titleOf = useNodeTitle(document);
  const [tab, setTab] = useState('parameters');
  return (
    <aside
      aria-label={t('inspector.label')}
      className="flex w-[316px] shrink-0 flex-col overflow-hidden border-l border-line bg-surface"
    >
      <header className="flex items-center gap-3 px-4 pt-3 pb-2">
        <NodeIcon node={node} size={32} />
        <div className="min-w-0 flex-1">
          <h2 translate="no" className="truncate text-14 font-semibold">
            {titleOf(node)}
          </h2>
          <p className="truncate text-12 text-fg-3">
            {node.type === 'algorithm'
              ? `${splitVersion(node.algorithm ?? '').name} · ${t(`function.${node.function}`)}`
              : `${t(`node.${node.type}`)}${node.type === 'condition' ? ` · ${node.id}` : ''}`}
          </p>
        </div>
        <IconButton icon={X} label={t('close', { ns: 'common' })} onPress={onClose} />
      </header>
      {problems.length > 0 && <NodeProblems problems={problems} />}
      <Tabs
        label={t('inspector.label')}
        value={tab}
        onChange={setTab}
        listClassName="px-4!"
        items={[
          {
            id: 'parameters',
            label: node.type === 'algorithm' ? t('inspector.parameters') : t(`node.${node.type}`),
            content: (
              <Body>
                {node.type === 'algorithm' && <Parameters {...props} />}
                {node.type === 'condition' && <ConditionFields {...props} />}
                {(node.type === 'dataset' || node.type === 'model') && <Asset {...props} />}
                {node.type !== 'algorithm' && <Name node={node} store={props.store} />}
              </Body>
            ),
          },
          ...(node.type === 'algorithm'
            ? [
                {
                  id: 'execution',
                  label: t('inspector.execution'),
                  content: (
                    <Body>
                      <Execution {...props} />
                    </Body>
                  ),
                },
              ]
            : []),
          {
            id: 'ports',
            label: t('inspector.ports'),
            content: (
              <Body>
                <Ports {...props} />
              </Body>
            ),
          },
        ]}
      />
    </aside>
  );
}

function Body({ children }: { children: ReactNode }) {
  return <div className="space-y-4 p-4">{children}</div>;
}

function NodeProblems({ problems }: { problems: Problem[] }) {
  return (
    <ul className="mx-4 mb-2 space-y-1.5 rounded-md border border-line bg-sunken p-2.5">
      {problems.map((problem) => (
        <li key={`${problem.path}|${problem.reason}`} className="flex gap-2 text-12">
          {problem.severity === 'error' ? (
            <CircleAlert aria-hidden className="mt-0.5 size-3.5 shrink-0 text-failed" />
          ) : (
            <TriangleAlert aria-hidden className="mt-0.5 size-3.5 shrink-0 text-warning" />
          )}
          <span>
            {problem.reason} <span className="text-fg-2">{problem.fix}</span>
          </span>
        </li>
      ))}
    </ul>
  );
}

/** Which dataset or model stands here: a name, or a parameter of the pipeline. */
function Asset({ node, store, document, assets }: InspectorProps) {
  const { t } = useTranslation('pipelines');
  const type = node.type === 'model' ? 'model' : 'dataset';
  const reference = node[type] ?? '';
  const { name, version } = splitVersion(reference);
  const schema: Schema = { type: 'string', title: t(`node.${type}`), 'x-kpl': type };
  const set = (value: unknown) =>
    store.change(
      (current) => changeNode(current, node.id, { [type]: typeof value === 'string' ? value : '' }),
      `${node.id}.${type}`,
    );
  const latest =
    type === 'dataset'
      ? assets.datasets.find((each) => each.name === name)?.latest.version
      : assets.models.find((each) => each.name === name)?.latest.version;
  const free = parameterNameFor(document, type);
  return (
    <>
      <SchemaField
        name={type}
        schema={schema}
        value={reference.startsWith('$') ? reference : name || undefined}
        onChange={set}
        assets={assetOptions(assets)}
        binding={{
          parameters: Object.entries(document.parameters ?? {})
            .filter(([, each]) => each['x-kpl'] === type)
            .map(([each]) => each),
          bind: (parameter) => set(bindingTo(parameter)),
          expose: () =>
            store.change((current) => {
              const parameters = {
                ...current.parameters,
                [free]: { type: 'string', 'x-kpl': type, ...(name ? { default: name } : {}) },
              };
              return changeNode({ ...current, parameters }, node.id, { [type]: bindingTo(free) });
            }),
        }}
      />
      {!reference.startsWith('$') && latest !== undefined && (
        <ComboBox
          label={t('inspector.version')}
          description={t('inspector.versionHelp')}
          options={[
            { id: 'latest', label: t('inspector.latest', { version: latest }) },
            ...Array.from({ length: latest }, (_, index) => ({
              id: String(latest - index),
              label: `v${latest - index}`,
            })),
          ]}
          value={version || 'latest'}
          onChange={(id) => set(id === 'latest' ? name : `${name}@${id}`)}
        />
      )}
    </>
  );
}

function Parameters({ node, store, document, assets, problems, last }: InspectorProps) {
  const { t } = useTranslation(['pipelines', 'search']);
  const [isAll, setAll] = useState(false);
  const [isOnlyChanged, setOnlyChanged] = useState(false);
  const found = functionOf(node, assets.catalog);
  const properties = Object.entries(found?.parameters.properties ?? {});
  const required = new Set(found?.parameters.required ?? []);
  const set = (name: string, value: unknown) =>
    store.change((current) => setNodeParameter(current, node.id, name, value), `${node.id}.${name}`);
  if (!found)
    return (
      <>
        <Algorithm node={node} store={store} assets={assets} />
        <p className="text-13 text-fg-2">{t('inspector.unknownAlgorithm', { name: node.algorithm })}</p>
      </>
    );
  const given = node.parameters ?? {};
  const search = searchOf(node);
  const ranges = search?.parameters ?? {};
  const suggestion = search ? null : startSearch(found, given);
  const changed = properties.filter(([name, schema]) => ranges[name] || isChanged(schema, given[name]));
  const isSearched = maySearch(found);
  const problemOf = (name: string) => problemAt(problems, `nodes.${node.id}.parameters.${name}`);
  const searchProblem = (name: string) =>
    problemAt(problems, `nodes.${node.id}.search.parameters.${name}`) ?? problemOf(name);
  const isKept = (name: string) =>
    required.has(name) || problemOf(name) !== undefined || changed.some(([each]) => each === name);
  const { first, advanced } = folded(properties, isKept);
  const shown = isOnlyChanged ? changed : isAll ? properties : first;
  return (
    <>
      <Algorithm node={node} store={store} assets={assets} />
      {properties.length === 0 && <p className="text-13 text-fg-3">{t('inspector.noParameters')}</p>}
      {search && (
        <SearchSection
          node={node}
          search={search}
          found={found}
          store={store}
          problems={problems}
          last={last}
        />
      )}
      {(changed.length > 0 || isOnlyChanged || suggestion) && (
        <div className="flex flex-wrap gap-2">
          {(changed.length > 0 || isOnlyChanged) && (
            <Button size="small" aria-pressed={isOnlyChanged} onPress={() => setOnlyChanged(!isOnlyChanged)}>
              <Diff aria-hidden />
              {isOnlyChanged ? t('form.all') : t('form.changed', { count: changed.length })}
            </Button>
          )}
          {suggestion && (
            <Button
              size="small"
              onPress={() => store.change((current) => changeNode(current, node.id, { search: suggestion }))}
            >
              <ChartScatter aria-hidden />
              {t('begin', { ns: 'search' })}
            </Button>
          )}
        </div>
      )}
      {shown.map(([name, own]) => {
        const schema = withDefinitions(own, found.parameters);
        const range = ranges[name];
        return range ? (
          <RangeField
            key={name}
            name={name}
            schema={schema}
            range={range}
            value={given[name]}
            problem={searchProblem(name)}
            onFix={() => fixParameter(store, node, name)}
            onForget={() => set(name, undefined)}
            onChange={(next) =>
              store.change(
                (current) => setNodeRange(current, node.id, name, next),
                `${node.id}.search.${name}`,
              )
            }
          />
        ) : (
          <SchemaField
            key={name}
            name={name}
            schema={schema}
            value={given[name]}
            onChange={(value) => set(name, value)}
            onSearch={
              isSearched && isSearchable(schema)
                ? () => searchParameter(store, node, name, schema)
                : undefined
            }
            isRequired={required.has(name) && own.default === undefined}
            problem={problemOf(name)}
            binding={{
              parameters: Object.keys(document.parameters ?? {}),
              bind: (parameter) => set(name, bindingTo(parameter)),
              expose: () =>
                store.change((current) => expose(current, node.id, name, own, given[name] ?? own.default)),
            }}
          />
        );
      })}
      {!isOnlyChanged && !isAll && advanced.length > 0 && (
        <Button size="small" onPress={() => setAll(true)}>
          {t('form.more', { count: advanced.length })}
        </Button>
      )}
    </>
  );
}

/** Which algorithm does the step's function; another takes its place with the parameters and links that it knows. */
function Algorithm({ node, store, assets }: Pick<InspectorProps, 'node' | 'store' | 'assets'>) {
  const { t, i18n } = useTranslation('pipelines');
  const titles = new Map(assets.algorithms.map(({ name, title }) => [name, textOf(title, i18n.language)]));
  const names = algorithmsFor(node, assets.catalog);
  if (names.length < 2) return null;
  const swap = (name: string) => {
    if (name === names[0]) return;
    const { document, lost } = swapAlgorithm(store.get().present, node, name, assets.catalog);
    store.change(document);
    tellLost(store, lost);
  };
  return (
    <Select
      label={t('inspector.algorithm')}
      value={names[0] ?? ''}
      onChange={swap}
      options={names.map((name) => ({ id: name, label: titles.get(name) || name, note: name }))}
    />
  );
}

/** Names, resources and what becomes of results. */
function Execution({ node, store, ports }: InspectorProps) {
  const { t } = useTranslation('pipelines');
  const change = (next: Partial<DocumentNode>, what: string) =>
    store.change((current) => changeNode(current, node.id, next), `${node.id}.${what}`);
  const resources = node.resources ?? {};
  const resource = (name: string, value: unknown) =>
    change(
      {
        resources: Object.fromEntries(
          Object.entries({ ...resources, [name]: value }).filter(
            ([, each]) => each !== undefined && each !== '',
          ),
        ),
      },
      `resources.${name}`,
    );
  const published = (ports?.outputs ?? []).filter(({ type }) => type === 'dataset' || type === 'model');
  const devices = Array.isArray(resources.devices)
    ? (resources.devices as { kind?: string; count?: number }[])
    : [];
  return (
    <>
      <Name node={node} store={store} />
      <div className="grid grid-cols-2 gap-3">
        <NumberField
          label={t('inspector.cpu')}
          minValue={0.1}
          value={typeof resources.cpu === 'number' ? resources.cpu : Number.NaN}
          placeholder={t('inspector.asAlgorithm')}
          onChange={(value) => resource('cpu', Number.isNaN(value) ? undefined : value)}
        />
        <TextField
          label={t('inspector.memory')}
          placeholder="2Gi"
          value={typeof resources.memory === 'string' ? resources.memory : ''}
          onChange={(value) => resource('memory', value)}
        />
        <NumberField
          label={t('inspector.gpus')}
          minValue={0}
          maxValue={64}
          value={devices[0]?.count ?? Number.NaN}
          placeholder={t('inspector.asAlgorithm')}
          onChange={(value) =>
            resource(
              'devices',
              Number.isNaN(value) || value === 0
                ? undefined
                : [{ kind: devices[0]?.kind ?? 'gpu', count: value }],
            )
          }
        />
        <NumberField
          label={t('inspector.retries')}
          minValue={0}
          maxValue={100}
          value={node.retries ?? 0}
          onChange={(value) => change({ retries: value || undefined }, 'retries')}
        />
      </div>
      <NumberField
        label={t('inspector.timeout')}
        minValue={1}
        value={node.timeout_s ?? Number.NaN}
        placeholder={t('inspector.noLimit')}
        onChange={(value) => change({ timeout_s: Number.isNaN(value) ? undefined : value }, 'timeout')}
      />
      {node.function === 'serve' && (
        <TextField
          label={t('inspector.endpoint')}
          description={t('inspector.endpointHelp')}
          value={node.endpoint ?? ''}
          onChange={(endpoint) => change({ endpoint }, 'endpoint')}
        />
      )}
      {published.map(({ name, type }) => (
        <TextField
          key={name}
          label={t('inspector.publish', { output: name })}
          description={t(`inspector.publishHelp.${type}`)}
          value={node.publish?.[name] ?? ''}
          onChange={(value) => {
            const publish = { ...node.publish, [name]: value };
            if (value === '') delete publish[name];
            change({ publish }, `publish.${name}`);
          }}
        />
      ))}
    </>
  );
}

function Name({ node, store }: Pick<InspectorProps, 'node' | 'store'>) {
  const { t, i18n } = useTranslation('pipelines');
  const language = i18n.language;
  return (
    <TextField
      label={t('inspector.title')}
      placeholder={node.id}
      value={node.title?.[language] ?? ''}
      onChange={(text) => {
        const title = { ...node.title, [language]: text };
        if (text === '') delete title[language];
        store.change((current) => changeNode(current, node.id, { title }), `${node.id}.title`);
      }}
    />
  );
}

function Ports({ node, store, document, assets, ports, onRenamed, onAdded }: InspectorProps) {
  const { t } = useTranslation('pipelines');
  const [id, setId] = useState(node.id);
  const isTaken = id !== node.id && (document.nodes ?? []).some((each) => each.id === id);
  const isName = NODE_ID_PATTERN.test(id);
  const rename = () => {
    if (id === node.id || isTaken || !isName) return;
    store.change((current) => renameNode(current, node.id, id));
    onRenamed(id);
  };
  /** A step joined to a port of this one, beside it: what drawing onto empty canvas does, without a mouse. */
  const add = async (fit: Fit, port: Port, side: 'in' | 'out') => {
    const all = allPorts(document, assets.catalog);
    const layout = placed(document, all, await loadArrange());
    const own = layout[node.id] ?? { x: 0, y: 0 };
    const x = own.x + (side === 'out' ? NODE_WIDTH + 72 : -NODE_WIDTH - 72);
    const settled = moveNodes(document, layout);
    const to = { end: formatEnd({ node: node.id, port: port.name }), side };
    const added = addJoined(settled, fit, to, freePlace(settled, { x, y: own.y }));
    store.change(withMetrics(added.document, assets.catalog));
    onAdded(added.id);
  };
  const adder = (side: 'in' | 'out') => (port: Port) => (
    <AddFitting
      title={`${t(`canvas.addFitting.${side}`)}: ${port.name}`}
      fits={side === 'out' ? fitting(port, assets.catalog, node) : fittingSources(port, assets.catalog)}
      onPick={(fit) => void add(fit, port, side)}
    />
  );
  return (
    <>
      <PortList title={t('inspector.inputs')} ports={ports?.inputs ?? []} aside={adder('in')}>
        {(port) => (
          <Source
            document={document}
            catalog={assets.catalog}
            to={formatEnd({ node: node.id, port: port.name })}
            label={t('inspector.fedBy', { input: port.name })}
            isSmall
            onChange={(to, from) =>
              store.change((current) => withMetrics(feed(current, to, from), assets.catalog))
            }
          />
        )}
      </PortList>
      <PortList title={t('inspector.outputs')} ports={ports?.outputs ?? []} aside={adder('out')} />
      <TextField
        label={t('inspector.id')}
        description={t('inspector.idHelp')}
        error={isTaken ? t('inspector.idTaken') : isName ? undefined : t('list.nameRule')}
        isMono
        value={id}
        onChange={setId}
        onBlur={rename}
        onKeyDown={(event) => event.key === 'Enter' && rename()}
      />
    </>
  );
}

interface AddFittingProps {
  title: string;
  fits: Fit[];
  onPick: (fit: Fit) => void;
}

/** What fits a port, to be added with it. */
function AddFitting({ title, fits, onPick }: AddFittingProps) {
  const { t } = useTranslation('pipelines');
  if (fits.length === 0) return null;
  const items = fits.map((fit) => ({
    id: fitKey(fit),
    label:
      fit.node.type === 'condition'
        ? fitTitle(fit, t)
        : `${fitTitle(fit, t)} · ${fit.node.algorithm ?? t(`node.${fit.node.type}`)}`,
    onAction: () => onPick(fit),
  }));
  return (
    <Menu label={title} groups={[{ items }]}>
      <IconButton size="small" icon={Plus} label={title} />
    </Menu>
  );
}

interface PortListProps {
  title: string;
  ports: Port[];
  /** What stands at the end of a port's line. */
  aside: (port: Port) => ReactNode;
  /** What stands below a port. */
  children?: (port: Port) => ReactNode;
}

function PortList({ title, ports, aside, children }: PortListProps) {
  const { t } = useTranslation('pipelines');
  return (
    <section>
      <h3 className="mb-1.5 text-12 font-semibold text-fg-2">{title}</h3>
      {ports.length === 0 && <p className="text-12 text-fg-3">{t('none', { ns: 'common' })}</p>}
      <ul className="space-y-1">
        {ports.map((port) => (
          <li key={port.name}>
            <div className="flex items-center gap-2 text-12">
              <span
                aria-hidden
                className="size-2.5 shrink-0 rounded-full border-2"
                style={{
                  borderColor: portColour(port.type),
                  backgroundColor: port.isOptional ? 'transparent' : portColour(port.type),
                }}
              />
              <span className="font-medium">{port.name}</span>
              <span className="min-w-0 flex-1 truncate text-fg-3">
                {t(`port.${port.type}`)}
                {port.kinds.length > 0 &&
                  ` · ${port.kinds.map((kind) => t(`kind.${kind}`, { defaultValue: kind })).join(', ')}`}
              </span>
              {port.isOptional && <span className="text-11 text-fg-3">{t('inspector.optional')}</span>}
              {aside(port)}
            </div>
            {children?.(port)}
          </li>
        ))}
      </ul>
    </section>
  );
}
