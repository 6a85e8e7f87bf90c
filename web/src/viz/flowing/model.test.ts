import { describe, expect, it } from 'vitest';
import { bindingTo, type PipelineDocument } from '../graph/document';
import { cardPlace, flowingAlong, largest } from './model';

const DOCUMENT: PipelineDocument = {
  schema: 'kpl.pipeline/v1',
  name: 'mine',
  parameters: { data: { type: 'string' } },
  nodes: [
    { id: 'fixed', type: 'dataset', dataset: 'digits@3' },
    { id: 'open', type: 'dataset', dataset: bindingTo('data') },
    { id: 'train', type: 'algorithm', algorithm: 'a', function: 'train' },
    { id: 'test', type: 'algorithm', algorithm: 'a', function: 'test' },
  ],
  edges: [
    { from: 'fixed.dataset', to: 'train.dataset' },
    { from: 'open.dataset', to: 'test.dataset' },
    { from: 'train.model', to: 'test.model' },
    { from: 'train', to: 'test' },
  ],
};

describe('flowingAlong', () => {
  it('is the version that a dataset node names, or the latest', () => {
    const edge = 'open.dataset>test.dataset';
    expect(flowingAlong(DOCUMENT, 'fixed.dataset>train.dataset', [])).toEqual({
      kind: 'dataset',
      name: 'digits',
      version: 3,
    });
    expect(flowingAlong(DOCUMENT, edge, [])).toEqual({ kind: 'nothing' });
    expect(flowingAlong(DOCUMENT, edge, [], { data: 'letters' })).toEqual({
      kind: 'dataset',
      name: 'letters',
      version: null,
    });
  });

  it('is what the task of a step left, when there is one', () => {
    const edge = 'train.model>test.model';
    expect(flowingAlong(DOCUMENT, edge, [])).toEqual({ kind: 'nothing' });
    expect(flowingAlong(DOCUMENT, edge, [{ id: 7, name: 'train' }])).toEqual({
      kind: 'output',
      task: 7,
      output: 'model',
    });
  });

  it('is nothing at all along an edge that only orders, or that is gone', () => {
    expect(flowingAlong(DOCUMENT, 'train>test', [{ id: 7, name: 'train' }])).toBeNull();
    expect(flowingAlong(DOCUMENT, 'x.y>z.w', [])).toBeNull();
  });
});

describe('largest', () => {
  it('shows the largest classes and sums up the rest', () => {
    const classes = ['a', 'b', 'c', 'd'].map((name, count) => ({ name, count }));
    expect(largest(classes, 2)).toEqual({
      shown: [
        { name: 'd', count: 3 },
        { name: 'c', count: 2 },
      ],
      rest: { classes: 2, count: 1 },
    });
  });
});

describe('cardPlace', () => {
  it('stays inside the canvas, above the pointer when there is no room below', () => {
    const [card, canvas] = [
      { width: 300, height: 200 },
      { width: 800, height: 600 },
    ];
    expect(cardPlace({ x: 100, y: 100 }, card, canvas)).toEqual({ x: 114, y: 114 });
    expect(cardPlace({ x: 790, y: 590 }, card, canvas)).toEqual({ x: 492, y: 376 });
  });
});
