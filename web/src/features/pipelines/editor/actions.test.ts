import { describe, expect, it } from 'vitest';
import type { PipelineDocument } from '@/viz/graph/document';
import type { Fit } from '@/viz/graph/ports';
import {
  addJoined,
  addNode,
  changeNode,
  connect,
  copyText,
  edgeId,
  expose,
  feed,
  fixNodeParameters,
  freePlace,
  moveNodes,
  ordered,
  pasteText,
  removeParts,
  renameNode,
  setNodeParameter,
  setNodeRange,
} from './actions';

const document: PipelineDocument = {
  schema: 'kpl.pipeline/v1',
  name: 'p',
  parameters: { epochs: { type: 'integer', default: 3 } },
  nodes: [
    { id: 'data', type: 'dataset', dataset: 'digits' },
    {
      id: 'train',
      type: 'algorithm',
      algorithm: 'a',
      function: 'train',
      parameters: { epochs: '$' + '{parameters.epochs}' },
    },
  ],
  edges: [{ from: 'data.dataset', to: 'train.dataset' }],
  layout: { data: { x: 0, y: 0 }, train: { x: 280, y: 0 } },
};

describe('changes of a document', () => {
  it('adds a node under a free name, on the grid', () => {
    const added = addNode(
      document,
      { type: 'algorithm', algorithm: 'a', function: 'train' },
      { x: 13, y: 99 },
    );
    expect(added.id).toBe('train-2');
    expect(added.document.layout?.['train-2']).toEqual({ x: 16, y: 96 });
  });

  it('does not lay a node upon another', () => {
    expect(freePlace(document, { x: 0, y: 0 }).y).toBeGreaterThanOrEqual(96);
  });

  it('removes a node with its edges and its place', () => {
    const next = removeParts(document, ['data']);
    expect(next.edges).toBeUndefined();
    expect(next.layout).toEqual({ train: { x: 280, y: 0 } });
    expect(removeParts(document, [], [])).toBe(document);
  });

  it('removes an edge alone', () => {
    const edge = document.edges?.[0];
    expect(removeParts(document, [], [edge ? edgeId(edge) : '']).edges).toBeUndefined();
  });

  it('moves nodes, and changes nothing when they stay', () => {
    expect(moveNodes(document, { data: { x: 1, y: 2 } })).toBe(document);
    expect(moveNodes(document, { data: { x: 40, y: 8 } }).layout?.data).toEqual({ x: 40, y: 8 });
  });

  it('leaves out what became empty', () => {
    expect(setNodeParameter(document, 'train', 'epochs', undefined).nodes?.[1]).toEqual({
      id: 'train',
      type: 'algorithm',
      algorithm: 'a',
      function: 'train',
    });
    expect(changeNode(document, 'train', { endpoint: '' }).nodes?.[1]).not.toHaveProperty('endpoint');
  });

  it('searches a parameter, and fixes what was found', () => {
    const range = { min: 1, max: 9 };
    const searched = setNodeRange(document, 'train', 'epochs', range);
    expect(searched.nodes?.[1]).toEqual({
      ...document.nodes?.[1],
      search: { parameters: { epochs: range } },
    });
    const two = setNodeRange(searched, 'train', 'rate', { choices: [1, 2] });
    const fixed = fixNodeParameters(two, 'train', { epochs: 4 });
    expect(fixed.nodes?.[1]?.parameters).toMatchObject({ epochs: 4 });
    expect(fixed.nodes?.[1]?.search).toEqual({ parameters: { rate: { choices: [1, 2] } } });
    expect(fixNodeParameters(fixed, 'train', { rate: 2 }).nodes?.[1]).not.toHaveProperty('search');
    expect(fixNodeParameters(document, 'gone', { rate: 2 })).toBe(document);
  });

  it('exposes a parameter under its name and binds the node to it', () => {
    const next = expose(document, 'train', 'rate', { type: 'number', title: 'Rate', 'x-search': {} }, 0.1);
    expect(next.parameters?.rate).toEqual({ type: 'number', title: 'Rate', default: 0.1 });
    expect(next.nodes?.[1]?.parameters?.rate).toBe('$' + '{parameters.rate}');
    expect(Object.keys(expose(document, 'train', 'epochs', {}, 1).parameters ?? {})).toEqual([
      'epochs',
      'epochs_2',
    ]);
  });

  it('renames a node everywhere, but not to a name that is taken', () => {
    const next = renameNode(document, 'data', 'images');
    expect(next.edges?.[0]?.from).toBe('images.dataset');
    expect(next.layout?.images).toEqual({ x: 0, y: 0 });
    expect(renameNode(document, 'data', 'train')).toBe(document);
  });

  it('copies nodes as text and pastes them with their edges and parameters', () => {
    const text = copyText(document, ['data', 'train']);
    const into: PipelineDocument = { schema: 'kpl.pipeline/v1', name: 'other' };
    const pasted = pasteText(into, text);
    expect(pasted?.ids).toEqual(['data', 'train']);
    expect(pasted?.document.parameters).toEqual(document.parameters);
    const twice = pasteText(document, text);
    expect(twice?.document.edges?.[1]).toEqual({ from: 'data-2.dataset', to: 'train-2.dataset' });
    const places = Object.values(pasteText(twice?.document ?? document, text)?.document.layout ?? {});
    const isFree = places.every((a, i) =>
      places.every((b, j) => i === j || Math.abs(a.x - b.x) >= 220 || Math.abs(a.y - b.y) >= 100),
    );
    expect(isFree).toBe(true);
    expect(pasteText(document, 'hello')).toBeNull();
    expect(pasteText(document, '{"schema":"other"}')).toBeNull();
  });

  it('keeps the bytes of a document that nothing changed', () => {
    const text = JSON.stringify(document);
    expect(JSON.stringify(ordered(document))).toBe(text);
    const back = removeParts(connect(document, 'a.b', 'c.d'), [], ['a.b>c.d']);
    expect(JSON.stringify(back)).toBe(text);
  });
});

describe('what fits a port', () => {
  it('is added beside it and joined to it', () => {
    const test: Fit = { node: { type: 'algorithm', algorithm: 'a', function: 'test' }, port: 'model' };
    const after = addJoined(document, test, { end: 'train.model', side: 'out' }, { x: 8, y: 8 });
    expect(after.document.edges).toContainEqual({ from: 'train.model', to: 'test.model' });
    const other: Fit = { node: { type: 'dataset', dataset: 'more' }, port: 'dataset' };
    const before = addJoined(document, other, { end: 'train.dataset', side: 'in' }, { x: 8, y: 8 });
    expect(before.document.edges?.filter(({ to }) => to === 'train.dataset')).toEqual([
      { from: `${before.id}.dataset`, to: 'train.dataset' },
    ]);
  });
});

describe('an input', () => {
  it('is fed by one output at a time, and by none', () => {
    const edges = [{ from: 'data.dataset', to: 'train.dataset' }];
    const joined = feed({ ...document, edges }, 'train.dataset', 'other.dataset');
    expect(joined.edges).toEqual([{ from: 'other.dataset', to: 'train.dataset' }]);
    expect(feed(joined, 'train.dataset', null).edges).toBeUndefined();
  });
});
