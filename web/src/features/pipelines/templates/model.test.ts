import { expect, it } from 'vitest';
import type { PipelineDocument } from '@/viz/graph/document';
import type { Catalog } from '@/viz/graph/ports';
import { neededKind, withDefaults } from './model';

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
