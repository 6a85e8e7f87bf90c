import { expect, it } from 'vitest';
import type { DocumentNode, PipelineDocument } from '@/viz/graph/document';
import { handOver, takeOver } from '@/viz/search/handover';
import { Store } from '../history';
import { fixParameter, searchParameter } from './switching';

it('goes from a value to a range and back without losing either, nor what else the search said', () => {
  const train: DocumentNode = { id: 'train', type: 'algorithm', parameters: { rate: 0.02 } };
  const store = new Store<PipelineDocument>({ schema: 'kpl.pipeline/v1', name: 'p', nodes: [train] });
  const node = () => store.get().present.nodes?.[0] as DocumentNode;
  searchParameter(store, node(), 'rate', { type: 'number', minimum: 0 });
  expect(node().search).toEqual({ parameters: { rate: { min: 0.002, max: 0.2, log: true } } });
  expect(node().parameters).toEqual({ rate: 0.02 });
  const search = { parameters: { rate: { min: 0.01, max: 0.03 } }, trials: 5 };
  store.change((current) => ({ ...current, nodes: [{ ...node(), search }] }));
  fixParameter(store, node(), 'rate');
  expect(node()).toEqual(train);
  searchParameter(store, node(), 'rate', { type: 'number' });
  expect(node().search).toEqual(search);
  store.undo();
  store.undo();
  expect(node().search).toEqual(search);
});

it('hands values over once, and to the pipeline that they are for alone', () => {
  const found = { project: 'p', pipeline: 'a', node: 'train', trial: 3, values: { rate: 0.1 } };
  handOver(found);
  expect(takeOver('p', 'a')).toEqual(found);
  expect(takeOver('p', 'a')).toBeNull();
  handOver(found);
  expect(takeOver('p', 'b')).toBeNull();
  expect(takeOver('p', 'a')).toBeNull();
});
