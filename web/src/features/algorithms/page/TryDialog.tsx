import { useMutation } from '@tanstack/react-query';
import { PencilRuler, Play } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { later } from '@/i18n';
import { useFormat } from '@/i18n/format';
import { Button, LinkButton } from '@/ui/Button';
import { Dialog } from '@/ui/Dialog';
import { ErrorState } from '@/ui/ErrorState';
import { SectionTitle } from '@/ui/Panel';
import { projectPath, useGo } from '@/ui/routing';
import { SegmentedControl } from '@/ui/SegmentedControl';
import { Select } from '@/ui/Select';
import { Skeleton } from '@/ui/Skeleton';
import { TextField } from '@/ui/TextField';
import { toastError } from '@/ui/Toast';
import { useSettled } from '@/ui/useSettled';
import { withDefinitions } from '@/viz/form/model';
import { ParameterForm } from '@/viz/form/ParameterForm';
import { type Assets, type Model, useAssets } from '@/viz/graph/assets';
import { NAME_PATTERN } from '@/viz/graph/document';
import type { Schema } from '@/viz/graph/schema';
import { DatasetCards } from '@/viz/pick/DatasetCards';
import { byFitness, fittingModels } from '@/viz/pick/fitness';
import { createPipeline, freePipelineName } from '@/viz/plan/api';
import { PlanPane } from '@/viz/plan/PlanPane';
import { usePlan } from '@/viz/plan/usePlan';
import type { AlgorithmDetail } from '../api';
import {
  type Choice,
  isComplete,
  NOTHING,
  namedOutputs,
  nameOf,
  type Offer,
  parametersOf,
  portsOfType,
  tryDocument,
  withModel,
  withOnly,
} from './tryModel';

interface TryDialogProps {
  project: string;
  algorithm: AlgorithmDetail;
  /** Those that can be tried; at least one. */
  functions: Offer[];
  /** The one to begin with. */
  first: string;
  onClose: () => void;
}

/** Asks for what one function needs and nothing else, says what would happen, and runs it. */
export default function TryDialog({ project, algorithm, functions, first, onClose }: TryDialogProps) {
  const { t } = useTranslation(['algorithms', 'pipelines']);
  const { localized } = useFormat();
  const go = useGo();
  const [chosen, setChosen] = useState(first);
  const [made, setChoice] = useState<Choice>(NOTHING);
  const assets = useAssets(project);
  const of = functions.find(({ name }) => name === chosen) ?? (functions[0] as Offer);
  const choice = withOnly(of, made, assets);
  const isReady = isComplete(algorithm.name, of, choice);
  const document = tryDocument(algorithm, of, choice);
  const text = JSON.stringify(document);
  const settled = useSettled(text);
  const { plan, mayRun, run } = usePlan(
    project,
    { document: JSON.parse(settled) },
    document,
    {},
    isReady && settled === text,
  );
  const open = useMutation({
    mutationFn: async () => {
      const name = await freePipelineName(project, document.name);
      return createPipeline(project, { name, document: { ...document, name } });
    },
    onSuccess: ({ name }) => go(projectPath(project, 'pipelines', name)),
    onError: (error) => toastError(error, later('algorithms', 'try.openFailed')),
  });
  return (
    <Dialog
      title={t('try.title', { name: localized(algorithm.title) || algorithm.name })}
      isOpen
      onClose={onClose}
      size="large"
      footer={
        <>
          <Button onPress={onClose}>{t('cancel', { ns: 'common' })}</Button>
          <Button isPending={open.isPending} onPress={() => open.mutate()}>
            <PencilRuler aria-hidden />
            {t('try.open')}
          </Button>
          <Button
            variant="primary"
            isDisabled={!isReady || !mayRun || settled !== text}
            isPending={run.isPending}
            onPress={() => run.mutate()}
          >
            <Play aria-hidden />
            {t('run.start', { ns: 'pipelines' })}
          </Button>
        </>
      }
    >
      {functions.length > 1 && (
        <div className="mb-4">
          <SegmentedControl
            label={t('page.functions')}
            value={of.name}
            onChange={(name) => {
              // Data and models stay chosen; what only the other function knows does not.
              setChosen(name);
              setChoice({ ...choice, names: {}, parameters: {} });
            }}
            items={functions.map(({ name }) => ({
              id: name,
              label: t(`function.${name}`, { ns: 'pipelines' }),
            }))}
          />
        </div>
      )}
      <div className="grid grid-cols-[minmax(0,1fr)_340px] items-start gap-6">
        <Questions
          project={project}
          assets={assets}
          algorithm={algorithm}
          of={of}
          choice={choice}
          onChange={setChoice}
          onTrain={functions.some(({ name }) => name === 'train') ? () => setChosen('train') : null}
        />
        <div className="sticky top-0">
          <SectionTitle>{t('plan.title', { ns: 'pipelines' })}</SectionTitle>
          <PlanPane plan={plan} isFit={isReady} document={document} project={project} />
        </div>
      </div>
    </Dialog>
  );
}

interface QuestionsProps {
  project: string;
  assets: Assets;
  algorithm: AlgorithmDetail;
  of: Offer;
  choice: Choice;
  onChange: (choice: Choice) => void;
  /** Goes on to the training that makes a model; null where there is none. */
  onTrain: (() => void) | null;
}

function Questions({ project, assets, algorithm, of, choice, onChange, onTrain }: QuestionsProps) {
  const { t } = useTranslation(['algorithms', 'pipelines']);
  if (assets.error) return <ErrorState error={assets.error} isInline />;
  if (assets.isPending) return <Skeleton className="h-64" />;
  const required = (of.parameters as Schema).required ?? [];
  const parameters = Object.fromEntries(
    Object.entries(parametersOf(of)).map(([name, schema]) => [
      name,
      withDefinitions(schema, of.parameters as Schema),
    ]),
  );
  return (
    <div className="space-y-4">
      {portsOfType(of, 'dataset').map((port) => {
        const some = byFitness(assets.datasets, port.kinds).some(({ unfit }) => unfit === null);
        return (
          <div key={port.name}>
            {assets.datasets.length > 0 && (
              <DatasetCards
                project={project}
                label={portLabel(t('node.dataset', { ns: 'pipelines' }), of, port)}
                datasets={assets.datasets}
                kinds={port.kinds}
                value={choice.datasets[port.name]}
                onChange={(dataset) =>
                  onChange({ ...choice, datasets: { ...choice.datasets, [port.name]: dataset } })
                }
              />
            )}
            {!some && (
              <Missing
                text={t(port.kinds.length > 0 ? 'try.noData' : 'try.noAnyData', {
                  kind: kindWords(t, port.kinds),
                })}
              >
                <LinkButton href={`${projectPath(project, 'datasets')}?import=1`} size="small">
                  {t('templates.import', { ns: 'pipelines' })}
                </LinkButton>
              </Missing>
            )}
          </div>
        );
      })}
      {portsOfType(of, 'model').map((port) => (
        <ModelChoice
          key={port.name}
          label={portLabel(t(port.is_optional ? 'try.startFrom' : 'try.model'), of, port)}
          port={port}
          models={fittingModels(assets.models, port.kinds)}
          value={choice.models[port.name]}
          onChange={(model) => onChange(withModel(choice, port.name, model))}
          onTrain={onTrain}
        />
      ))}
      {namedOutputs(of).map((output) => {
        const name = nameOf(algorithm.name, of, output, choice);
        return (
          <TextField
            key={output.name}
            label={t(`try.name.${output.type}`)}
            description={t(`try.nameHelp.${output.type}`)}
            error={NAME_PATTERN.test(name) ? undefined : t('list.nameRule', { ns: 'pipelines' })}
            isMono
            value={name}
            onChange={(given) => onChange({ ...choice, names: { ...choice.names, [output.name]: given } })}
          />
        );
      })}
      <ParameterForm
        key={of.name}
        parameters={parameters}
        values={choice.parameters}
        onChange={(name, value) =>
          onChange({ ...choice, parameters: { ...choice.parameters, [name]: value } })
        }
        assets={assets}
        isSimple
        isNeeded={(name) => required.includes(name) && parameters[name]?.default === undefined}
      />
    </div>
  );
}

interface ModelChoiceProps {
  label: string;
  port: Offer['inputs'][number];
  models: Model[];
  value: string | undefined;
  onChange: (model: string | undefined) => void;
  onTrain: (() => void) | null;
}

const NONE = '';

/** The models that fit an input. One that may be left out is not asked for where there is none. */
function ModelChoice({ label, port, models, value, onChange, onTrain }: ModelChoiceProps) {
  const { t } = useTranslation('algorithms');
  if (models.length === 0 && port.is_optional) return null;
  if (models.length === 0)
    return (
      <Missing
        text={t(port.kinds.length > 0 ? 'try.noModel' : 'try.noAnyModel', {
          kind: kindWords(t, port.kinds),
        })}
      >
        {onTrain && (
          <Button size="small" onPress={onTrain}>
            {t('try.trainFirst')}
          </Button>
        )}
      </Missing>
    );
  const options = models.map(({ name, latest }) => ({
    id: name,
    label: name,
    note: `v${latest.version} · ${latest.algorithm}`,
  }));
  return (
    <Select
      label={label}
      placeholder={t('try.chooseModel')}
      isRequired={!port.is_optional}
      value={value ?? (port.is_optional ? NONE : null)}
      onChange={(id) => onChange(id === NONE ? undefined : id)}
      options={port.is_optional ? [{ id: NONE, label: t('try.fromNothing') }, ...options] : options}
    />
  );
}

function Missing({ text, children }: { text: string; children: ReactNode }) {
  return (
    <div className="mt-2 rounded-md border border-line bg-sunken p-3 text-13 text-fg-2">
      <p className="mb-2">{text}</p>
      {children}
    </div>
  );
}

/** What a port is asked for by; its own name too where there are several of its type. */
function portLabel(words: string, of: Offer, port: Offer['inputs'][number]): string {
  return of.inputs.filter(({ type }) => type === port.type).length > 1 ? `${words} · ${port.name}` : words;
}

function kindWords(t: (key: string, values: Record<string, unknown>) => string, kinds: string[]): string {
  return kinds
    .map((kind) => t(`kind.${kind}`, { ns: 'common', defaultValue: kind }))
    .join(t('templates.or', { ns: 'pipelines' }));
}
