import { expect, it } from 'vitest';
import type { Assets } from '@/viz/graph/assets';
import { type Choice, isComplete, NOTHING, tryable, tryDocument, withModel, withOnly } from './tryModel';

const port = (name: string, type: string, kinds: string[] = [], is_optional = false) => ({
  name,
  type,
  kinds,
  is_optional,
});
const schema = (properties: object, required: string[] = []) => ({ type: 'object', properties, required });
const functionOf = (name: string, inputs: object[], outputs: object[], parameters: object = schema({})) =>
  ({ name, inputs, outputs, parameters, metrics: [] }) as unknown as Parameters<typeof isComplete>[1];

const DATA = port('dataset', 'dataset', ['classification']);
const MODEL = port('model', 'model', ['classification']);
const train = functionOf(
  'train',
  [DATA, { ...MODEL, is_optional: true }],
  [MODEL],
  schema({ epochs: { type: 'integer', minimum: 1, default: 12 }, note: { type: 'string' } }),
);
const test = functionOf('test', [MODEL, DATA], [port('report', 'files')]);
const serve = functionOf('serve', [MODEL], [port('endpoint', 'endpoint')]);
const infer = functionOf('infer', [MODEL, DATA], [port('dataset', 'dataset')]);
const process = functionOf('process', [port('list', 'files')], [DATA]);
const algorithm = {
  name: 'image_net',
  version: '2',
  versions: ['2', '1'],
  task: 'classification',
  title: { en: 'Net', zh: '网络' },
  interfaces: [serve, test, process, infer, train],
  is_for_pipelines: true,
};
const choice = (change: Partial<Choice>): Choice => ({ ...NOTHING, ...change });

it('offers what needs data and models alone, in the order of the canvas', () => {
  expect(tryable(algorithm).map(({ name }) => name)).toEqual(['train', 'test', 'infer', 'serve']);
  expect(tryable({ ...algorithm, is_for_pipelines: false })).toEqual([]);
});

it('is complete once what is needed is chosen and fits', () => {
  const data = { datasets: { dataset: 'digits' } };
  expect(isComplete('net', train, NOTHING)).toBe(false);
  expect(isComplete('net', train, choice(data))).toBe(true);
  expect(isComplete('net', train, choice({ ...data, parameters: { epochs: 0 } }))).toBe(false);
  expect(isComplete('net', train, choice({ ...data, names: { model: 'Not a name' } }))).toBe(false);
  expect(isComplete('net', test, choice(data))).toBe(false);
  expect(isComplete('net', test, choice({ ...data, models: { model: 'm' } }))).toBe(true);
  const strict = functionOf('train', [], [], schema({ url: { type: 'string' } }, ['url']));
  expect(isComplete('net', strict, NOTHING)).toBe(false);
  expect(isComplete('net', strict, choice({ parameters: { url: 'x' } }))).toBe(true);
});

it('draws the step with its data, publishes what it makes and leaves defaults out', () => {
  const chosen = choice({ datasets: { dataset: 'digits' }, parameters: { epochs: 12, note: 'hi' } });
  expect(tryDocument(algorithm, train, chosen)).toMatchObject({
    schema: 'kpl.pipeline/v1',
    name: 'image-net-train',
    nodes: [
      { id: 'data', type: 'dataset', dataset: 'digits' },
      {
        id: 'train',
        title: { en: 'Train', zh: '训练' },
        algorithm: 'image_net',
        function: 'train',
        parameters: { note: 'hi' },
        publish: { model: 'image-net' },
      },
    ],
    edges: [{ from: 'data.dataset', to: 'train.dataset' }],
  });
});

it('uses the version that is looked at, and names answers after the data', () => {
  const chosen = choice({ datasets: { dataset: 'digits' }, models: { model: 'm@3' } });
  const older = tryDocument({ ...algorithm, version: '1' }, infer, chosen);
  expect(older.nodes?.at(-1)).toMatchObject({
    algorithm: 'image_net@1',
    publish: { dataset: 'digits-infer' },
  });
  expect(older.edges).toEqual([
    { from: 'model.model', to: 'infer.model' },
    { from: 'data.dataset', to: 'infer.dataset' },
  ]);
});

it('deploys under a name and publishes nothing', () => {
  const document = tryDocument(
    algorithm,
    serve,
    choice({ models: { model: 'm' }, names: { endpoint: 'mine' } }),
  );
  expect(document.nodes?.at(-1)).toMatchObject({ id: 'serve', endpoint: 'mine' });
  expect(document.nodes?.at(-1)).not.toHaveProperty('publish');
});

it('chooses what goes without saying, and nothing where there is a choice', () => {
  const dataset = (name: string, kind: string) => ({
    name,
    latest: { kind, num_samples: 9, num_classes: 2 },
  });
  const model = (name: string) => ({ name, latest: { task: 'classification' } });
  const assets = {
    datasets: [dataset('digits', 'classification'), dataset('boxes', 'detection')],
    models: [model('a'), model('b')],
  } as unknown as Assets;
  expect(withOnly(test, NOTHING, assets)).toMatchObject({ datasets: { dataset: 'digits' }, models: {} });
  const chosen = withModel(NOTHING, 'model', 'b');
  expect(withOnly(test, chosen, assets).models).toEqual({ model: 'b' });
  expect(withOnly(train, NOTHING, { ...assets, models: assets.models.slice(1) }).models).toEqual({});
  expect(withModel(chosen, 'model', undefined).models).toEqual({});
});
