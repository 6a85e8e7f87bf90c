/** Trying one function of an algorithm on data of the project: what is asked for, and the pipeline that it makes. */

import type { Schemas } from '@/api/client';
import { faultOf, givenOnly } from '@/viz/form/model';
import type { Assets } from '@/viz/graph/assets';
import { FUNCTIONS } from '@/viz/graph/colours';
import {
  type DocumentEdge,
  type DocumentNode,
  NAME_PATTERN,
  type PipelineDocument,
  SCHEMA,
} from '@/viz/graph/document';
import type { Schema } from '@/viz/graph/schema';
import { byFitness, fittingModels } from '@/viz/pick/fitness';
import type { AlgorithmDetail } from '../api';

export type Offer = Schemas['FunctionOut'];
type Port = Schemas['PortOut'];

/** What is chosen so far, by name of port; the names that results get, by name of output. */
export interface Choice {
  datasets: Record<string, string>;
  models: Record<string, string>;
  names: Record<string, string>;
  parameters: Record<string, unknown>;
}

export const NOTHING: Choice = { datasets: {}, models: {}, names: {}, parameters: {} };

/** What the step is called on canvases and in runs: part of the document, so in all languages at once. */
const TITLES: Record<string, { en: string; zh: string }> = {
  process: { en: 'Process', zh: '处理' },
  train: { en: 'Train', zh: '训练' },
  test: { en: 'Test', zh: '测试' },
  infer: { en: 'Infer', zh: '推理' },
  compile: { en: 'Compile', zh: '编译' },
  serve: { en: 'Deploy', zh: '部署' },
};

/** The functions that need no more than datasets and models, in the order of the canvas. */
export function tryable(algorithm: Pick<AlgorithmDetail, 'interfaces' | 'is_for_pipelines'>): Offer[] {
  if (!algorithm.is_for_pipelines) return [];
  const isAsset = ({ type, is_optional }: Port) => is_optional || type === 'dataset' || type === 'model';
  return FUNCTIONS.flatMap((name) =>
    algorithm.interfaces.filter((each) => each.name === name && each.inputs.every(isAsset)),
  );
}

export function portsOfType(of: Offer, type: 'dataset' | 'model'): Port[] {
  return of.inputs.filter((port) => port.type === type);
}

/** Outputs that get a name: models and datasets become versions of it, an endpoint answers under it. */
export function namedOutputs({ outputs }: Offer): Port[] {
  return outputs.filter(({ type }) => type === 'model' || type === 'dataset' || type === 'endpoint');
}

/** The parameters as a form takes them: those that may be left out have a default, if only that of being left out. */
export function parametersOf({ parameters }: Offer): Record<string, Schema> {
  return (parameters as Schema).properties ?? {};
}

/** The name that a result gets unless another is given. */
export function suggestedName(algorithm: string, of: Offer, output: Port, choice: Choice): string {
  const stem = algorithm.toLowerCase().replaceAll('_', '-');
  if (output.type !== 'dataset') return stem;
  const [from] = Object.values(choice.datasets);
  return from ? `${from}-${of.name}`.slice(0, 63) : `${stem}-${of.name}`;
}

export function nameOf(algorithm: string, of: Offer, output: Port, choice: Choice): string {
  return choice.names[output.name] ?? suggestedName(algorithm, of, output, choice);
}

/** The choice with another model at a port, or none. */
export function withModel(choice: Choice, port: string, model: string | undefined): Choice {
  const { [port]: _, ...others } = choice.models;
  return { ...choice, models: model === undefined ? others : { ...others, [port]: model } };
}

/** The choice with what goes without saying: where one dataset alone fits an input that needs one, or one model. */
export function withOnly(
  of: Offer,
  choice: Choice,
  { datasets, models }: Pick<Assets, 'datasets' | 'models'>,
): Choice {
  const only = (names: string[]) => (names.length === 1 ? names[0] : undefined);
  const filled: Choice = { ...choice, datasets: { ...choice.datasets }, models: { ...choice.models } };
  for (const { name, type, kinds, is_optional } of of.inputs) {
    if (is_optional) continue;
    const fitting =
      type === 'dataset'
        ? byFitness(datasets, kinds).flatMap(({ dataset, unfit }) => (unfit === null ? [dataset.name] : []))
        : fittingModels(models, kinds).map((model) => model.name);
    const chosen = type === 'dataset' ? filled.datasets : filled.models;
    const found = chosen[name] ?? only(fitting);
    if (found !== undefined) chosen[name] = found;
  }
  return filled;
}

/** Whether all is chosen that the function cannot do without, and every value fits. */
export function isComplete(algorithm: string, of: Offer, choice: Choice): boolean {
  const isGiven = (port: Port) =>
    port.is_optional ||
    port.type === 'files' ||
    (choice.datasets[port.name] ?? choice.models[port.name]) !== undefined;
  const isName = (output: Port) => NAME_PATTERN.test(nameOf(algorithm, of, output, choice));
  const required = (of.parameters as Schema).required ?? [];
  const fits = ([name, schema]: [string, Schema]) => {
    const value = choice.parameters[name];
    return value === undefined
      ? !required.includes(name) || schema.default !== undefined
      : faultOf(schema, value) === null;
  };
  return (
    of.inputs.every(isGiven) && namedOutputs(of).every(isName) && Object.entries(parametersOf(of)).every(fits)
  );
}

/** The pipeline of that one step: the same document that the canvas would draw. */
export function tryDocument(
  algorithm: Pick<AlgorithmDetail, 'name' | 'version' | 'versions' | 'task' | 'title'>,
  of: Offer,
  choice: Choice,
): PipelineDocument {
  const nodes: DocumentNode[] = [];
  const edges: DocumentEdge[] = [];
  const step = of.name;
  for (const port of of.inputs) {
    const [dataset, model] = [choice.datasets[port.name], choice.models[port.name]];
    if (dataset !== undefined) nodes.push({ id: idOf(port, of), type: 'dataset', dataset });
    else if (model !== undefined) nodes.push({ id: idOf(port, of), type: 'model', model });
    else continue;
    edges.push({ from: `${idOf(port, of)}.${port.type}`, to: `${step}.${port.name}` });
  }
  const parameters = givenOnly(parametersOf(of), choice.parameters);
  const named = namedOutputs(of).map(
    (output) => [output, nameOf(algorithm.name, of, output, choice)] as const,
  );
  const publish = Object.fromEntries(
    named.flatMap(([{ type, name }, given]) => (type === 'endpoint' ? [] : [[name, given]])),
  );
  const endpoint = named.find(([{ type }]) => type === 'endpoint')?.[1];
  const isNewest = algorithm.versions[0] === algorithm.version;
  nodes.push({
    id: step,
    type: 'algorithm',
    title: TITLES[of.name],
    algorithm: isNewest ? algorithm.name : `${algorithm.name}@${algorithm.version}`,
    function: of.name,
    ...(Object.keys(parameters).length > 0 && { parameters }),
    ...(Object.keys(publish).length > 0 && { publish }),
    ...(endpoint !== undefined && { endpoint }),
  });
  return {
    schema: SCHEMA,
    name: `${algorithm.name.toLowerCase().replaceAll('_', '-').slice(0, 50)}-${of.name}`,
    title: algorithm.title,
    task: algorithm.task,
    nodes,
    edges,
  };
}

/** A port's own node: `data` and `model`, or the port's name where a function takes several. */
function idOf(port: Port, of: Offer): string {
  const isOnly = of.inputs.filter(({ type }) => type === port.type).length === 1;
  const id = isOnly ? (port.type === 'dataset' ? 'data' : port.type) : port.name.toLowerCase();
  return id === of.name ? `${id}-input` : id;
}
