import { describe, expect, it } from 'vitest';
import { isEqual } from '@/viz/form/equal';
import type { PipelineDocument } from '@/viz/graph/document';
import { changesBetween, isNothing } from './model';

const BEFORE: PipelineDocument = {
  schema: 'kpl.pipeline/v1',
  name: 'mine',
  parameters: { epochs: { type: 'integer', default: 1 } },
  nodes: [
    { id: 'data', type: 'dataset', dataset: 'digits' },
    { id: 'train', type: 'algorithm', algorithm: 'a', function: 'train', parameters: { lr: 0.1, epochs: 3 } },
  ],
  edges: [{ from: 'data.dataset', to: 'train.dataset' }],
  layout: { data: { x: 0, y: 0 }, train: { x: 300, y: 0 } },
};

describe('changesBetween', () => {
  it('finds nothing between equal documents, in whatever order their keys stand', () => {
    const { name, schema, ...rest } = BEFORE;
    expect(isNothing(changesBetween(BEFORE, { ...rest, name, schema }, 'en'))).toBe(true);
  });

  it('names nodes that came, went and changed, with the fields that differ', () => {
    const after: PipelineDocument = {
      ...BEFORE,
      nodes: [
        { ...BEFORE.nodes?.[1], parameters: { lr: 0.2, epochs: 3 }, retries: 1 } as never,
        {
          id: 'test',
          type: 'algorithm',
          algorithm: 'a',
          function: 'test',
          title: { en: 'Test', zh: '测试' },
        },
      ],
      edges: [],
    };
    const changes = changesBetween(BEFORE, after, 'zh');
    expect(changes.nodes).toEqual([
      { kind: 'changed', id: 'train', title: 'train', fields: ['parameters.lr', 'retries'] },
      { kind: 'added', id: 'test', title: '测试', fields: [] },
      { kind: 'removed', id: 'data', title: 'digits', fields: [] },
    ]);
    expect([changes.numEdgesAdded, changes.numEdgesRemoved]).toEqual([0, 1]);
  });

  it('tells parameters, texts and places apart from steps', () => {
    const after: PipelineDocument = {
      ...BEFORE,
      title: { en: 'Mine' },
      parameters: { rate: { type: 'number' } },
      layout: { data: { x: 8, y: 0 }, train: { x: 300, y: 0 } },
    };
    const changes = changesBetween(BEFORE, after, 'en');
    expect(changes).toMatchObject({ nodes: [], parameters: ['epochs', 'rate'], isRetold: true, numMoved: 1 });
    expect(isNothing(changes)).toBe(false);
  });

  it('tells notes from places of steps', () => {
    const note = { x: 0, y: 0, width: 200, height: 80 };
    const after = { ...BEFORE, layout: { ...BEFORE.layout, 'note/1': note } };
    expect(changesBetween(BEFORE, after, 'en')).toMatchObject({ nodes: [], numMoved: 0, numNotes: 1 });
  });

  it('is the same both ways round, but for what came and what went', () => {
    const after = { ...BEFORE, nodes: BEFORE.nodes?.slice(0, 1) };
    const [there, back] = [changesBetween(BEFORE, after, 'en'), changesBetween(after, BEFORE, 'en')];
    expect(there.nodes.map(({ kind, id }) => [kind, id])).toEqual([['removed', 'train']]);
    expect(back.nodes.map(({ kind, id }) => [kind, id])).toEqual([['added', 'train']]);
  });
});

describe('isEqual', () => {
  it('tells lists from objects and nothing from empty', () => {
    expect(isEqual([1, { a: 2 }], [1, { a: 2 }])).toBe(true);
    expect(isEqual([], {})).toBe(false);
    expect(isEqual(undefined, {})).toBe(false);
    expect(isEqual({ a: undefined }, { b: undefined })).toBe(false);
  });
});
