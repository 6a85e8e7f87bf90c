import { describe, expect, it } from 'vitest';
import type { PipelineDocument } from './document';
import {
  allPorts,
  type Catalog,
  fitting,
  fittingSources,
  linkRefusal,
  linkTargets,
  type Port,
  portRefusal,
  sourcesOf,
} from './ports';

const port = (name: string, type: string, kinds: string[] = [], isOptional = false): Port => ({
  name,
  type,
  kinds,
  isOptional,
});

const catalog: Catalog = {
  functions: new Map([
    [
      'split/process',
      {
        name: 'process',
        inputs: [port('dataset', 'dataset')],
        outputs: [port('dataset', 'dataset')],
        parameters: {},
      },
    ],
    [
      'detector/train',
      {
        name: 'train',
        inputs: [port('dataset', 'dataset', ['detection'])],
        outputs: [port('model', 'model', ['detection'])],
        parameters: {},
      },
    ],
    [
      'detector/serve',
      {
        name: 'serve',
        inputs: [port('model', 'model', ['detection'])],
        outputs: [port('endpoint', 'endpoint')],
        parameters: {},
      },
    ],
  ]),
  datasets: new Map([
    ['masks', 'semantic_segmentation'],
    ['street', 'detection'],
  ]),
  models: new Map(),
};

function pipeline(dataset: string): PipelineDocument {
  return {
    schema: 'kpl.pipeline/v1',
    name: 'p',
    parameters: { set: { type: 'string', default: 'masks' } },
    nodes: [
      { id: 'data', type: 'dataset', dataset },
      { id: 'split', type: 'algorithm', algorithm: 'split', function: 'process' },
      { id: 'train', type: 'algorithm', algorithm: 'detector@1.0.0', function: 'train' },
      { id: 'serve', type: 'algorithm', algorithm: 'detector', function: 'serve' },
    ],
    edges: [{ from: 'data.dataset', to: 'split.dataset' }],
  };
}

function refused(document: PipelineDocument, from: string, to: string) {
  return linkRefusal(document, allPorts(document, catalog), from, to);
}

describe('links', () => {
  it('lets a dataset of the right kind through a split', () => {
    expect(refused(pipeline('street@2'), 'split.dataset', 'train.dataset')).toBeNull();
  });

  it('refuses a mask dataset at a detection trainer, also through a split', () => {
    const found = refused(pipeline('masks'), 'split.dataset', 'train.dataset');
    expect(found).toEqual({ code: 'kind', given: 'semantic_segmentation', wanted: 'detection' });
  });

  it('reads the dataset of a binding from the default of the parameter', () => {
    const found = refused(pipeline('$' + '{parameters.set}'), 'split.dataset', 'train.dataset');
    expect(found?.code).toBe('kind');
  });

  it('lets a kind through that is not known before the run', () => {
    expect(refused(pipeline('unheard-of'), 'split.dataset', 'train.dataset')).toBeNull();
  });

  it('refuses other types, endpoints, circles, doubles, a fed input and the node itself', () => {
    const document = pipeline('street');
    expect(refused(document, 'data.dataset', 'serve.model')?.code).toBe('type');
    expect(portRefusal(port('endpoint', 'endpoint'), port('x', 'endpoint'))?.code).toBe('endpoint');
    expect(refused(document, 'split.dataset', 'data.dataset')?.code).toBe('cycle');
    expect(refused(document, 'data.dataset', 'split.dataset')?.code).toBe('exists');
    expect(refused(document, 'split.dataset', 'split.dataset')?.code).toBe('self');
    const fed = { ...document, edges: [{ from: 'data.dataset', to: 'train.dataset' }] };
    expect(refused(fed, 'split.dataset', 'train.dataset')).toEqual({
      code: 'taken',
      given: 'data.dataset',
      wanted: '',
    });
  });

  it('lets nodes be ordered, but not data, which is there before', () => {
    expect(refused(pipeline('street'), 'train', 'serve')).toBeNull();
    expect(refused(pipeline('street'), 'data', 'serve')?.code).toBe('data-order');
  });

  it('names the ends that an edge being drawn may go to, from either end', () => {
    const document = pipeline('street');
    const ports = allPorts(document, catalog);
    expect([...linkTargets(document, ports, { node: 'split', handle: 'out:dataset' })]).toEqual([
      'split|out:dataset',
      'train|in:dataset',
    ]);
    expect([...linkTargets(document, ports, { node: 'serve', handle: 'in:model' })]).toContain(
      'train|out:model',
    );
    expect([...linkTargets(document, ports, { node: 'split', handle: 'out:' })]).toEqual([
      'split|out:',
      'train|in:',
      'serve|in:',
    ]);
  });

  it('names the functions that an output fits', () => {
    const fits = fitting(port('dataset', 'dataset', ['detection']), catalog, { id: 'data', type: 'dataset' });
    expect(fits).toEqual([
      { node: { type: 'algorithm', algorithm: 'split', function: 'process' }, port: 'dataset' },
      { node: { type: 'algorithm', algorithm: 'detector', function: 'train' }, port: 'dataset' },
    ]);
  });

  it('names data of the project and steps that could feed an input', () => {
    expect(fittingSources(port('dataset', 'dataset', ['detection']), catalog)).toEqual([
      { node: { type: 'dataset', dataset: 'street' }, port: 'dataset' },
      { node: { type: 'algorithm', algorithm: 'split', function: 'process' }, port: 'dataset' },
    ]);
    expect(fittingSources(port('model', 'model', ['detection']), catalog).map((fit) => fit.node)).toEqual([
      { type: 'algorithm', algorithm: 'detector', function: 'train' },
    ]);
  });

  it('names no function that is not one to build pipelines from', () => {
    const functions = new Map(
      [...catalog.functions].map(([key, found]) => [key, { ...found, isOffered: false }]),
    );
    const data = { id: 'data', type: 'dataset' as const };
    expect(fitting(port('dataset', 'dataset', ['detection']), { ...catalog, functions }, data)).toEqual([]);
  });

  it('draws ports that only an edge knows, of an algorithm that is not installed', () => {
    const document = pipeline('street');
    const lost = {
      ...document,
      nodes: [
        ...(document.nodes ?? []),
        { id: 'old', type: 'algorithm' as const, algorithm: 'gone', function: 'train' },
      ],
      edges: [{ from: 'data.dataset', to: 'old.images' }],
    };
    expect(
      allPorts(lost, catalog)
        .get('old')
        ?.inputs.map(({ name }) => name),
    ).toEqual(['images']);
  });
});

describe('sources of an input', () => {
  it('are the outputs that fit, the one that feeds it now among them', () => {
    const document = pipeline('street');
    const ports = allPorts(document, catalog);
    expect(sourcesOf(document, ports, 'split.dataset')).toEqual(['data.dataset']);
    expect(sourcesOf(document, ports, 'train.dataset')).toEqual(['data.dataset', 'split.dataset']);
    expect(sourcesOf(document, ports, 'serve.model')).toEqual(['train.model']);
  });

  it('are none where every output is of another kind', () => {
    const document = pipeline('masks');
    expect(sourcesOf(document, allPorts(document, catalog), 'train.dataset')).toEqual([]);
  });
});
