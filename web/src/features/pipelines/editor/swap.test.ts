import { expect, it } from 'vitest';
import { bindingTo, type DocumentNode, type PipelineDocument } from '@/viz/graph/document';
import type { Catalog, FunctionInterface } from '@/viz/graph/ports';
import type { Schema } from '@/viz/graph/schema';
import { canSwap } from './drag';
import { algorithmsFor, swapAlgorithm, swapAsset } from './swap';

const train = (input: string, properties: Record<string, Schema>): FunctionInterface => ({
  name: 'train',
  inputs: [{ name: input, type: 'dataset', kinds: [], isOptional: false }],
  outputs: [{ name: 'model', type: 'model', kinds: [], isOptional: false }],
  parameters: { properties },
});

const catalog: Catalog = {
  functions: new Map([
    ['a/train', train('dataset', { epochs: { type: 'integer' }, rate: { type: 'number' }, own: {} })],
    ['b/train', train('images', { epochs: { type: 'integer' }, rate: { type: 'number', maximum: 0.1 } })],
    ['b/test', { ...train('images', {}), name: 'test' }],
  ]),
  datasets: new Map(),
  models: new Map(),
};

const node: DocumentNode = {
  id: 'train',
  type: 'algorithm',
  algorithm: 'a',
  function: 'train',
  title: { en: 'Mine' },
  parameters: { epochs: bindingTo('epochs'), own: 1, rate: 0.5 },
  publish: { model: 'digits', gone: 'x' },
};

const document: PipelineDocument = {
  schema: 'kpl.pipeline/v1',
  name: 'digits',
  nodes: [{ id: 'data', type: 'dataset', dataset: 'digits' }, node],
  edges: [
    { from: 'data.dataset', to: 'train.dataset' },
    { from: 'data', to: 'train' },
    { from: 'train.report', to: 'data.x' },
  ],
  layout: { train: { x: 8, y: 8 } },
};

it('keeps what the schema and the ports of the other algorithm take, and names what is lost', () => {
  const { document: next, lost } = swapAlgorithm(document, node, 'b', catalog);
  expect(next.nodes?.[1]).toEqual({
    id: 'train',
    type: 'algorithm',
    algorithm: 'b',
    function: 'train',
    title: { en: 'Mine' },
    parameters: { epochs: bindingTo('epochs') },
    publish: { model: 'digits' },
  });
  expect(next.edges).toEqual([
    { from: 'data.dataset', to: 'train.images' },
    { from: 'data', to: 'train' },
  ]);
  expect(next.layout).toEqual(document.layout);
  expect(lost).toEqual({ parameters: ['own', 'rate'], links: ['train.report → data.x'] });
});

it('keeps a search with the ranges that the other algorithm takes', () => {
  const metrics = [{ name: 'accuracy', direction: 'max', isPrimary: true }];
  const measured = new Map([...catalog.functions].map(([key, found]) => [key, { ...found, metrics }]));
  const parameters = { epochs: { min: 1, max: 9 }, rate: { min: 0.01, max: 0.5 } };
  const searched = { ...node, parameters: {}, search: { parameters, trials: 5 } };
  const { document: next, lost } = swapAlgorithm({ ...document, nodes: [searched] }, searched, 'b', {
    ...catalog,
    functions: measured,
  });
  expect(next.nodes?.[0]?.search).toEqual({ parameters: { epochs: { min: 1, max: 9 } }, trials: 5 });
  expect(lost.parameters).toEqual(['rate']);
});

it('offers the algorithms that have the function, and only those', () => {
  expect(algorithmsFor(node, catalog)).toEqual(['a', 'b']);
  expect(algorithmsFor({ ...node, algorithm: 'gone@2' }, catalog)).toEqual(['gone', 'a', 'b']);
  expect(canSwap(node, { type: 'algorithm', algorithm: 'b', function: 'test' })).toBe(false);
  expect(canSwap(node, { type: 'algorithm', algorithm: 'b', function: 'train' })).toBe(true);
  expect(canSwap(node, { type: 'dataset', dataset: 'x' })).toBe(false);
});

it('puts another dataset in the place of one', () => {
  const data = document.nodes?.[0] as DocumentNode;
  const next = swapAsset(document, data, { type: 'dataset', dataset: 'other' });
  expect(next.nodes?.[0]).toEqual({ ...data, dataset: 'other' });
  expect(next.edges).toBe(document.edges);
});
