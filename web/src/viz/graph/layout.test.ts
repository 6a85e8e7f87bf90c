import { describe, expect, it } from 'vitest';
import { arrange } from './arrange';
import { edgesBehind } from './behind';
import type { PipelineDocument } from './document';
import { fromFlow, toFlow } from './flow';
import { bounds, firstView, LEAST_ZOOM, NODE_WIDTH, nodeHeight, placed, viewWith } from './layout';
import { allPorts, EMPTY_CATALOG } from './ports';

const document: PipelineDocument = {
  schema: 'kpl.pipeline/v1',
  name: 'p',
  nodes: [
    { id: 'data', type: 'dataset', dataset: 'digits' },
    { id: 'train', type: 'algorithm', algorithm: 'a', function: 'train', parameters: { epochs: 3 } },
    { id: 'test', type: 'algorithm', algorithm: 'a', function: 'test' },
    { id: 'deploy', type: 'algorithm', algorithm: 'a', function: 'serve', endpoint: 'x' },
  ],
  edges: [
    { from: 'data.dataset', to: 'train.dataset' },
    { from: 'train.model', to: 'test.model' },
    { from: 'data.dataset', to: 'test.dataset' },
    { from: 'test', to: 'deploy' },
  ],
};
const ports = allPorts(document, EMPTY_CATALOG);

describe('the layout', () => {
  it('runs from left to right and lays no node upon another', () => {
    const layout = arrange(document, ports);
    const at = (id: string) => layout[id] as { x: number; y: number };
    expect(at('data').x).toBeLessThan(at('train').x);
    expect(at('train').x).toBeLessThan(at('test').x);
    expect(at('test').x).toBeLessThan(at('deploy').x);
    const ids = Object.keys(layout);
    for (const a of ids) {
      for (const b of ids) {
        if (a >= b) continue;
        const apart =
          Math.abs(at(a).x - at(b).x) >= NODE_WIDTH ||
          Math.abs(at(a).y - at(b).y) >= Math.min(nodeHeight(ports.get(a)), nodeHeight(ports.get(b)));
        expect(apart, `${a} and ${b}`).toBe(true);
      }
    }
  });

  it('lets no edge run behind a step that it has nothing to do with', () => {
    const step = (id: string) => ({ id, type: 'algorithm' as const, algorithm: 'a', function: 'test' });
    const long: PipelineDocument = {
      ...document,
      nodes: ['data', 'split', 'train', 'test', 'infer', 'compile', 'deploy'].map(step),
      edges: [
        ['data.dataset', 'split.dataset'],
        ['split.dataset', 'train.dataset'],
        ...['test', 'infer', 'compile'].flatMap((id) => [
          ['train.model', `${id}.model`],
          ['split.dataset', `${id}.dataset`],
        ]),
        ['train.model', 'deploy.model'],
        ['test', 'deploy'],
        ['compile', 'deploy'],
      ].map(([from = '', to = '']) => ({ from, to })),
    };
    const [ends, row] = [allPorts(long, EMPTY_CATALOG), { data: 0, split: 1, train: 2, test: 3, infer: 4 }];
    const inOneRow = Object.fromEntries(
      Object.entries(row).map(([id, place]) => [id, { x: place * 280, y: 0 }]),
    );
    expect(edgesBehind(long, ends, inOneRow)).toContainEqual(['split.dataset > test.dataset', 'train']);
    expect(edgesBehind(long, ends, arrange(long, ends))).toEqual([]);
  });

  it('keeps the places that nodes have and finds one below for the others', () => {
    const layout = placed({ ...document, layout: { data: { x: 0, y: 0 } } }, ports, arrange);
    expect(layout.data).toEqual({ x: 0, y: 0 });
    expect(layout.train?.y).toBeGreaterThan(0);
  });

  it('never begins below the zoom at which texts are read', () => {
    const box = { x: 0, y: 0, width: 4000, height: 300 };
    expect(firstView(box, 800, 600)).toMatchObject({ zoom: LEAST_ZOOM, x: 40 });
    expect(firstView({ ...box, width: 400 }, 800, 600).zoom).toBe(1);
  });

  it('moves to what is out of sight, and stays where it is in sight', () => {
    const [view, canvas] = [
      { x: 0, y: 0, zoom: 1 },
      { width: 800, height: 600 },
    ];
    expect(viewWith(view, { x: 100, y: 100, width: 220, height: 120 }, canvas)).toBeNull();
    const far = viewWith(view, { x: 2000, y: 100, width: 220, height: 120 }, canvas);
    expect(far).toEqual({ x: 400 - 2110, y: 300 - 160, zoom: 1 });
    const large = viewWith({ ...view, zoom: 1.5 }, { x: 0, y: 0, width: 5000, height: 120 }, canvas);
    expect(large?.zoom).toBe(LEAST_ZOOM);
  });

  it('knows the box around all nodes', () => {
    expect(bounds({}, ports)).toEqual({ x: 0, y: 0, width: 0, height: 0 });
    expect(bounds({ data: { x: 8, y: 16 } }, ports)).toMatchObject({ x: 8, y: 16, width: NODE_WIDTH });
  });
});

describe('the canvas and the document', () => {
  it('are the same object: to the canvas and back gives the same bytes', () => {
    const whole = { ...document, layout: arrange(document, ports) };
    const { nodes, edges } = toFlow(whole, ports, whole.layout);
    expect(JSON.stringify(fromFlow(whole, nodes, edges))).toBe(JSON.stringify(whole));
  });

  it('draws the colour of what flows, and dashes for order alone', () => {
    const { edges } = toFlow(document, ports, {});
    expect(edges[3]?.data?.isOrder).toBe(true);
    expect(edges[0]?.style?.stroke).toBe('var(--kind-dataset)');
  });

  it('leaves out edges to nodes that are gone', () => {
    const broken = { ...document, edges: [{ from: 'data.dataset', to: 'gone.dataset' }] };
    expect(toFlow(broken, ports, {}).edges).toEqual([]);
  });
});
