import { describe, expect, it } from 'vitest';
import { bindingTo, type PipelineDocument } from '@/viz/graph/document';
import type { Catalog } from '@/viz/graph/ports';
import { opened, openings, usuallyOpen } from './save';

const CATALOG: Catalog = {
  datasets: new Map([['digits', 'classification']]),
  models: new Map(),
  functions: new Map([
    [
      'a/train',
      {
        name: 'train',
        inputs: [],
        outputs: [],
        parameters: { properties: { lr: { type: 'number', title: 'Rate 学习率', maximum: 1 } } },
      },
    ],
  ]),
};
const DOCUMENT: PipelineDocument = {
  schema: 'kpl.pipeline/v1',
  name: 'mine',
  parameters: { epochs: { type: 'integer', default: 3 } },
  nodes: [
    { id: 'data', type: 'dataset', dataset: 'digits@2' },
    { id: 'more', type: 'dataset', dataset: 'letters' },
    {
      id: 'train',
      type: 'algorithm',
      algorithm: 'a',
      function: 'train',
      parameters: { lr: 0.1, epochs: bindingTo('epochs') },
    },
  ],
};

describe('openings', () => {
  it('lists parameters, data and settings that are not bound yet', () => {
    expect(openings(DOCUMENT, CATALOG, 'zh').map(({ id, title, value }) => [id, title, value])).toEqual([
      ['epochs', 'epochs', 3],
      ['data/dataset', 'digits@2', 'digits@2'],
      ['more/dataset', 'letters', 'letters'],
      ['train/lr', '学习率', 0.1],
    ]);
  });

  it('opens parameters and data unless told otherwise', () => {
    expect([...usuallyOpen(openings(DOCUMENT, CATALOG, 'en'))]).toEqual([
      'epochs',
      'data/dataset',
      'more/dataset',
    ]);
  });
});

describe('the limit of a condition', () => {
  const good = { id: 'good', type: 'condition' as const, metric: 'accuracy', operator: '>=', value: 0.9 };
  const document = { ...DOCUMENT, nodes: [...(DOCUMENT.nodes ?? []), good] };

  it('may be asked for', () => {
    const limit = openings(document, CATALOG, 'zh').filter(({ id }) => id === 'good/value');
    expect(limit.map(({ title, value, step }) => [title, value, step])).toEqual([
      ['界限', 0.9, 'accuracy ≥ 0.9'],
    ]);
    const next = opened(document, limit, CATALOG);
    expect(next.names).toEqual(['min_accuracy']);
    expect(next.document.nodes?.at(-1)?.value).toBe(bindingTo('min_accuracy'));
    expect(openings(next.document, CATALOG, 'zh').some(({ id }) => id === 'good/value')).toBe(false);
  });
});

describe('opened', () => {
  it('binds what was chosen to new parameters, which keep what stood there as their default', () => {
    const { document, names } = opened(DOCUMENT, openings(DOCUMENT, CATALOG, 'en'), CATALOG);
    expect(names).toEqual(['epochs', 'dataset', 'dataset_2', 'lr']);
    expect(document.parameters).toEqual({
      epochs: { type: 'integer', default: 3 },
      dataset: { type: 'string', 'x-kpl': 'dataset', default: 'digits@2' },
      dataset_2: { type: 'string', 'x-kpl': 'dataset', default: 'letters' },
      lr: { type: 'number', title: 'Rate 学习率', maximum: 1, default: 0.1 },
    });
    expect(document.nodes?.map(({ dataset, parameters }) => dataset ?? parameters)).toEqual([
      bindingTo('dataset'),
      bindingTo('dataset_2'),
      { epochs: bindingTo('epochs'), lr: bindingTo('lr') },
    ]);
  });

  it('changes nothing when nothing was chosen', () => {
    expect(opened(DOCUMENT, [], CATALOG)).toEqual({ document: DOCUMENT, names: [] });
  });

  it('leaves nothing to open afterwards but parameters', () => {
    const { document } = opened(DOCUMENT, openings(DOCUMENT, CATALOG, 'en'), CATALOG);
    expect(openings(document, CATALOG, 'en').every(({ kind }) => kind === 'parameter')).toBe(true);
  });
});
