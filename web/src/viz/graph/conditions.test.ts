import { describe, expect, it } from 'vitest';
import { behind, neverRun } from './conditions';
import {
  bindingTo,
  type DocumentNode,
  nodeTitle,
  type PipelineDocument,
  sentenceOf,
  withSigns,
} from './document';
import { type NodeStatus, toFlow } from './flow';
import {
  allPorts,
  type Catalog,
  CONDITION_PORTS,
  fitting,
  fittingSources,
  linkRefusal,
  linkTargets,
  type Port,
} from './ports';

const port = (name: string, type: string): Port => ({ name, type, kinds: [], isOptional: false });
const step = (id: string, name: string): DocumentNode => ({
  id,
  type: 'algorithm',
  algorithm: 'toy',
  function: name,
});
const CATALOG: Catalog = {
  functions: new Map([
    [
      'toy/test',
      {
        name: 'test',
        inputs: [port('model', 'model')],
        outputs: [port('report', 'files')],
        parameters: {},
        metrics: [{ name: 'accuracy', direction: 'max', isPrimary: true }],
      },
    ],
    [
      'toy/serve',
      {
        name: 'serve',
        inputs: [port('model', 'model')],
        outputs: [port('endpoint', 'endpoint')],
        parameters: {},
      },
    ],
  ]),
  datasets: new Map(),
  models: new Map([['digits', 'classification']]),
};
const GOOD: DocumentNode = {
  id: 'good',
  type: 'condition',
  metric: 'accuracy',
  operator: '>=',
  value: 0.9,
};
const DOCUMENT: PipelineDocument = {
  schema: 'kpl.pipeline/v1',
  name: 'judged',
  nodes: [
    { id: 'given', type: 'model', model: 'digits' },
    step('test', 'test'),
    GOOD,
    step('deploy', 'serve'),
    step('again', 'test'),
    step('free', 'test'),
  ],
  edges: [
    { from: 'test.report', to: 'good.measured' },
    { from: 'good.then', to: 'deploy' },
    { from: 'good.otherwise', to: 'again' },
  ],
};
const PORTS = allPorts(DOCUMENT, CATALOG);
const refused = (from: string, to: string) => linkRefusal(DOCUMENT, PORTS, from, to)?.code ?? null;

describe('a condition', () => {
  it('reads as a sentence, by which the step is called', () => {
    expect(sentenceOf(GOOD)).toBe('accuracy ≥ 0.9');
    expect(sentenceOf({ ...GOOD, operator: '<', value: undefined })).toBe('accuracy < …');
    expect(sentenceOf({ ...GOOD, value: bindingTo('limit') })).toBe('accuracy ≥ limit');
    expect(sentenceOf(GOOD, 0.95, () => '准确率')).toBe('准确率 ≥ 0.95');
    expect(nodeTitle(GOOD, 'en')).toBe('accuracy ≥ 0.9');
    expect(nodeTitle({ ...GOOD, metric: '' }, 'en')).toBe('good');
    expect(nodeTitle({ ...GOOD, title: { en: 'Good enough?' } }, 'en')).toBe('Good enough?');
    expect(withSigns('accuracy 0.9 >= 0.9')).toBe('accuracy 0.9 ≥ 0.9');
  });

  it('takes any output of a step that runs, and gives two branches', () => {
    expect(PORTS.get('good')).toEqual(CONDITION_PORTS);
    const free = { ...DOCUMENT, edges: [] };
    expect(linkRefusal(free, PORTS, 'test.report', 'good.measured')).toBeNull();
    expect(linkRefusal(free, PORTS, 'given.model', 'good.measured')?.code).toBe('no-metric');
    expect(linkRefusal(free, PORTS, 'deploy.endpoint', 'good.measured')?.code).toBe('endpoint');
    expect(refused('free.report', 'good.measured')).toBe('taken');
  });

  it('leads to steps, not to their inputs and not to data', () => {
    expect(refused('good.then', 'free')).toBeNull();
    expect(refused('good.then', 'free.model')).toBe('branch');
    expect(refused('good.then', 'given')).toBe('data-branch');
    expect(refused('good.then', 'deploy')).toBe('exists');
    expect(refused('good.then', 'test')).toBe('cycle');
    expect(refused('good', 'free')).toBeNull();
    expect(behind(DOCUMENT, 'good', 'then')).toEqual(['deploy']);
  });

  it('is not joined so that a step stands behind both of its branches', () => {
    expect(linkRefusal(DOCUMENT, PORTS, 'good.otherwise', 'deploy')).toEqual({
      code: 'both-branches',
      given: 'good',
      wanted: 'deploy',
    });
    expect(refused('again', 'deploy')).toBe('both-branches');
    const torn = { ...DOCUMENT, edges: [...(DOCUMENT.edges ?? []), { from: 'again', to: 'deploy' }] };
    expect([...neverRun(torn)]).toEqual([['deploy', 'good']]);
    expect([...neverRun(DOCUMENT)]).toEqual([]);
    const circle = { ...DOCUMENT, edges: [...(DOCUMENT.edges ?? []), { from: 'deploy', to: 'test' }] };
    expect([...neverRun(circle)]).toEqual([]);
  });

  it('shows where its branches may go while one draws, from either end', () => {
    expect([...linkTargets(DOCUMENT, PORTS, { node: 'good', handle: 'out:then' })]).toEqual([
      'good|out:then',
      'free|in:',
    ]);
    expect([...linkTargets(DOCUMENT, PORTS, { node: 'free', handle: 'in:' })]).toContain('good|out:then');
  });

  it('is offered beside what runs, and what runs beside its branches', () => {
    const types = (fits: { node: { type: string }; port: string }[]) =>
      fits.map(({ node, port: name }) => [node.type, name]);
    expect(types(fitting(port('report', 'files'), CATALOG, step('test', 'test')))).toEqual([
      ['condition', 'measured'],
    ]);
    expect(types(fitting(port('model', 'model'), CATALOG, { id: 'm', type: 'model' }))).toEqual([
      ['algorithm', 'model'],
      ['algorithm', 'model'],
    ]);
    expect(types(fitting(port('then', 'branch'), CATALOG, GOOD))).toEqual([
      ['algorithm', ''],
      ['algorithm', ''],
      ['condition', ''],
    ]);
    expect(types(fittingSources(port('measured', 'any'), CATALOG))).toEqual([['algorithm', 'report']]);
  });

  it('marks in a run the branch that was taken and draws the other back', () => {
    const status: NodeStatus = {
      state: 'succeeded',
      reason: 'accuracy 0.87 < 0.9',
      why: '',
      progress: null,
      progressMessage: '',
      since: null,
      duration_s: null,
      taskId: 1,
      branch: 'otherwise',
    };
    const { edges } = toFlow(DOCUMENT, PORTS, {}, { statuses: new Map([['good', status]]) });
    const look = Object.fromEntries(edges.map(({ id, style }) => [id, style]));
    expect(look['good.then>deploy']).toMatchObject({
      opacity: 0.4,
      strokeDasharray: '4 4',
      strokeWidth: 1.5,
    });
    expect(look['good.otherwise>again']).toMatchObject({ strokeWidth: 2.5 });
    expect(look['good.otherwise>again']?.strokeDasharray).toBeUndefined();
    expect(edges.map(({ sourceHandle, targetHandle }) => [sourceHandle, targetHandle])).toContainEqual([
      'out:then',
      'in:',
    ]);
  });
});
