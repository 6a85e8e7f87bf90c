import { expect, it } from 'vitest';
import type { Dataset } from '@/viz/graph/assets';
import type { PipelineDocument } from '@/viz/graph/document';
import type { Catalog } from '@/viz/graph/ports';
import { byFitness, neededKind, withDefaults } from './model';

const dataset = (kinds: string[]) => ({ name: 'dataset', type: 'dataset', kinds, isOptional: false });
const catalog: Catalog = {
  functions: new Map([
    ['split/process', { name: 'process', inputs: [dataset([])], outputs: [dataset([])], parameters: {} }],
    ['net/train', { name: 'train', inputs: [dataset(['classification'])], outputs: [], parameters: {} }],
  ]),
  datasets: new Map(),
  models: new Map(),
};
const document: PipelineDocument = {
  schema: 'kpl.pipeline/v1',
  name: 'p',
  parameters: { set: { type: 'string', 'x-kpl': 'dataset' }, epochs: { type: 'integer', default: 1 } },
  nodes: [
    { id: 'data', type: 'dataset', dataset: '$' + '{parameters.set}' },
    { id: 'split', type: 'algorithm', algorithm: 'split', function: 'process' },
    { id: 'train', type: 'algorithm', algorithm: 'net', function: 'train' },
  ],
  edges: [
    { from: 'data.dataset', to: 'split.dataset' },
    { from: 'split.dataset', to: 'train.dataset' },
  ],
};

it('knows the kind of dataset that a template needs, also through a split', () => {
  expect(neededKind(document, catalog)).toBe('classification');
  expect(neededKind({ ...document, edges: [] }, catalog)).toBe('');
});

it('makes given values the defaults of a copy', () => {
  const copy = withDefaults(document, { set: 'digits', epochs: 9 });
  expect(copy.parameters?.set?.default).toBe('digits');
  expect(copy.parameters?.epochs?.default).toBe(9);
  expect(document.parameters?.epochs?.default).toBe(1);
});

it('puts datasets that fit first, and says why others do not', () => {
  const dataset = (name: string, kind: string, num_samples = 9, num_classes = 3) =>
    ({ name, latest: { kind, num_samples, num_classes } }) as Dataset;
  const all = [
    dataset('boxes', 'detection'),
    dataset('none', 'classification', 0),
    dataset('one', 'classification', 9, 1),
    dataset('digits', 'classification'),
  ];
  const told = (kind: string) => byFitness(all, kind).map(({ dataset: { name }, unfit }) => [name, unfit]);
  expect(told('classification')).toEqual([
    ['digits', null],
    ['boxes', 'kind'],
    ['none', 'empty'],
    ['one', 'classes'],
  ]);
  expect(told('')).toEqual([
    ['boxes', null],
    ['one', null],
    ['digits', null],
    ['none', 'empty'],
  ]);
});
