import { describe, expect, it } from 'vitest';
import { bindingTo, type DocumentNode, type PipelineDocument } from '@/viz/graph/document';
import type { Catalog } from '@/viz/graph/ports';
import { addJoined, addNode, copyText, pasteText, removeParts, renameNode } from '../actions';
import { exposeLimit, metricsFor, withMetrics } from './metrics';

const CATALOG: Catalog = {
  functions: new Map([
    [
      'toy/train',
      {
        name: 'train',
        inputs: [],
        outputs: [{ name: 'model', type: 'model', kinds: [], isOptional: false }],
        parameters: {},
        metrics: [
          { name: 'seconds', direction: 'min', isPrimary: false },
          { name: 'loss', direction: 'min', isPrimary: true },
        ],
      },
    ],
  ]),
  datasets: new Map(),
  models: new Map(),
};
const DOCUMENT: PipelineDocument = {
  schema: 'kpl.pipeline/v1',
  name: 'toys',
  nodes: [{ id: 'train', type: 'algorithm', algorithm: 'toy', function: 'train' }],
};

/** A condition that was dropped beside the output of a step. */
function judged(): PipelineDocument {
  const fit = { node: { type: 'condition' as const }, port: 'measured' };
  const { document } = addJoined(DOCUMENT, fit, { end: 'train.model', side: 'out' }, { x: 300, y: 0 });
  return withMetrics(document, CATALOG);
}

const condition = (document: PipelineDocument) =>
  (document.nodes ?? []).find(({ type }) => type === 'condition') as DocumentNode;

describe('a condition beside a step', () => {
  it('begins with the primary metric of the step, in its own direction', () => {
    const document = judged();
    expect(condition(document)).toEqual({
      id: 'condition',
      type: 'condition',
      metric: 'loss',
      operator: '<=',
    });
    expect(document.edges).toEqual([{ from: 'train.model', to: 'condition.measured' }]);
    expect(metricsFor(document, 'condition', CATALOG).map(({ name }) => name)).toEqual(['loss', 'seconds']);
  });

  it('keeps what was chosen, and waits for a step where there is none', () => {
    const document = judged();
    expect(withMetrics(document, CATALOG)).toBe(document);
    const alone = addNode(DOCUMENT, { type: 'condition', operator: '>=' }, { x: 0, y: 0 }).document;
    expect(withMetrics(alone, CATALOG)).toBe(alone);
  });

  it('lets whoever runs the pipeline give the limit', () => {
    const document = exposeLimit(judged(), { ...condition(judged()), value: 0.2 });
    expect(document.parameters).toEqual({ max_loss: { type: 'number', default: 0.2 } });
    expect(condition(document).value).toBe(bindingTo('max_loss'));
    expect(Object.keys(condition(document))).toEqual(['id', 'type', 'metric', 'operator', 'value']);
    const taken = { ...judged(), parameters: { max_loss: {} } };
    expect(Object.keys(exposeLimit(taken, condition(taken)).parameters ?? {})).toContain('max_loss_2');
  });

  it('is copied, renamed and removed with its branches', () => {
    const fit = { node: { type: 'algorithm' as const, algorithm: 'toy', function: 'train' }, port: '' };
    const end = { end: 'condition.then', side: 'out' as const };
    const { document, id } = addJoined(judged(), fit, end, { x: 600, y: 0 });
    expect(document.edges).toContainEqual({ from: 'condition.then', to: id });
    const pasted = pasteText(document, copyText(document, ['condition', id]));
    expect(pasted?.document.edges).toContainEqual({ from: 'condition-2.then', to: 'train-2-2' });
    expect(renameNode(document, 'condition', 'good').edges).toContainEqual({ from: 'good.then', to: id });
    expect(removeParts(document, ['condition']).edges).toBeUndefined();
  });
});
