import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { edgesBehind } from '@/viz/graph/behind';
import type { PipelineDocument } from '@/viz/graph/document';
import { placed } from '@/viz/graph/layout';
import { allPorts, type Catalog, EMPTY_CATALOG } from '@/viz/graph/ports';
import { readYaml } from '../yaml/read';
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

it('shows the template that comes with KPL with no edge behind a step', () => {
  const path = '../../../../../src/kpl/builtin/templates/image_classification.yaml';
  const template = readYaml(readFileSync(resolve(import.meta.dirname, path), 'utf8'))
    .value as PipelineDocument;
  const ports = allPorts(template, EMPTY_CATALOG);
  expect(edgesBehind(template, ports, placed(template, ports, null))).toEqual([]);
});
