import { describe, expect, test } from 'vitest';
import {
  bestOf,
  type ComparedTask,
  csvOf,
  differences,
  isComparable,
  metricRows,
  parseIds,
  parseRange,
  textOf,
} from './model';

const task = (change: Partial<ComparedTask> = {}): ComparedTask => ({
  name: 'train',
  algorithm: 'classify',
  version: '1.0.0',
  function: 'train',
  environment: 'torch-cpu',
  parameters: { lr: 0.1 },
  inputs: [{ name: 'dataset', type: 'dataset', artifact: 'a1' }],
  resources: { cpu_milli: 2000, memory_mib: 1024, devices: [] },
  ...change,
});

describe('which runs', () => {
  test('each once, in the order given, and nothing that is no number', () => {
    expect(parseIds('5,3,5,x,,-1,0,1.5,8')).toEqual([5, 3, 8]);
    expect(parseIds(undefined)).toEqual([]);
  });

  test('two to eight', () => {
    expect([0, 1, 2, 8, 9].map((count) => isComparable(Array.from({ length: count }, (_, i) => i)))).toEqual([
      false,
      false,
      true,
      true,
      false,
    ]);
  });
});

describe('differences', () => {
  test('tells of a condition what it compares, and nothing of a process that it has not', () => {
    const good = (value: number) =>
      task({ name: 'good', condition: { metric: 'accuracy', operator: '>=', value } });
    const rows = differences([[good(0.9)], [good(0.95)]]);
    expect(rows.map(({ group, name, values }) => [group, name, values])).toEqual([
      ['algorithms', 'condition', ['accuracy ≥ 0.9', 'accuracy ≥ 0.95']],
    ]);
  });

  const changed = (...runs: ComparedTask[][]) =>
    differences(runs)
      .filter(({ isDifferent }) => isDifferent)
      .map(({ group, task: step, name, values }) => [group, step, name, values]);

  test('equal runs differ in nothing, but all facts are there', () => {
    expect(changed([task()], [task()])).toEqual([]);
    expect(differences([[task()], [task()]]).map(({ name }) => name)).toEqual([
      'lr',
      'dataset',
      'algorithm',
      'cpu',
      'memory',
      'environment',
    ]);
  });

  test('a parameter, an input, a version, resources and the environment are each found', () => {
    const other = task({
      parameters: { lr: 0.2 },
      inputs: [{ name: 'dataset', type: 'dataset', artifact: 'b2' }],
      version: '1.1.0',
      resources: { cpu_milli: 2000, memory_mib: 1024, devices: [{ kind: 'gpu', count: 1 }] },
      environment: 'torch-cuda',
    });
    expect(changed([task()], [other])).toEqual([
      ['parameters', 'train', 'lr', ['0.1', '0.2']],
      ['inputs', 'train', 'dataset', ['a1', 'b2']],
      ['algorithms', 'train', 'algorithm', ['classify 1.0.0 · train', 'classify 1.1.0 · train']],
      ['resources', 'train', 'devices', [null, '1 GPU']],
      ['environment', 'train', 'environment', ['torch-cpu', 'torch-cuda']],
    ]);
  });

  test('an input that is a version of a dataset is told by its name', () => {
    const inputs = [{ name: 'dataset', type: 'dataset', artifact: 'b2', published_as: 'digits@2' }];
    const [row] = differences([[task()], [task({ inputs })]]).filter(({ group }) => group === 'inputs');
    expect(row?.versions).toEqual([null, { type: 'dataset', name: 'digits@2' }]);
  });

  test('a step that one run lacks differs in all its facts', () => {
    const rows = differences([[task()], [task(), task({ name: 'test' })]]);
    expect(rows.filter((row) => row.task === 'test').every(({ isDifferent }) => isDifferent)).toBe(true);
  });

  test('a port that is fed by another output, and an order that one graph lacks', () => {
    const rows = differences(
      [[task()], [task()]],
      [
        [
          { from: 'digits.dataset', to: 'train.train_set' },
          { from: 'warm-up', to: 'train' },
        ],
        [
          { from: 'split.train', to: 'train.train_set' },
          { from: 'digits.dataset', to: 'test.dataset' },
        ],
      ],
    ).filter(({ group }) => group === 'graph');
    expect(rows.map(({ task: step, name, values }) => [step, name, values])).toEqual([
      ['train', 'train_set', ['digits.dataset', 'split.train']],
      ['train', '', ['warm-up', null]],
      ['test', 'dataset', [null, 'digits.dataset']],
    ]);
  });

  test('steps are matched by name, not by place', () => {
    const [first, second] = [task({ name: 'a' }), task({ name: 'b', parameters: { lr: 9 } })];
    expect(changed([first, second], [second, first])).toEqual([]);
  });

  test('the order of keys is no difference, that of a list is', () => {
    expect(textOf({ b: { d: 1, c: 2 }, a: 1 })).toBe(textOf({ a: 1, b: { c: 2, d: 1 } }));
    expect(textOf([1, 2])).not.toBe(textOf([2, 1]));
  });
});

describe('best values', () => {
  test('follow the direction', () => {
    expect([...bestOf([0.1, 0.3, null], 'max')]).toEqual([1]);
    expect([...bestOf([0.1, 0.3, null], 'min')]).toEqual([0]);
    expect([...bestOf([3, 3, 1], 'max')]).toEqual([0, 1]);
  });

  test('mark nothing where nothing is better', () => {
    expect(bestOf([1, 2], null).size).toBe(0);
    expect(bestOf([1, null], 'max').size).toBe(0);
    expect(bestOf([2, 2], 'max').size).toBe(0);
  });

  test('a value that is no number is never best', () => {
    expect([...bestOf([Number.NaN, 1, 2], 'max')]).toEqual([2]);
    expect([...bestOf([Number.POSITIVE_INFINITY, 1, 2], 'max')]).toEqual([2]);
  });

  test('rows hold all runs; directions that disagree are unknown', () => {
    const measured = (last: number, direction: 'max' | 'min', num_points = 1) => [
      { task: 'test', metrics: [{ name: 'score', last, num_points }], directions: { score: direction } },
    ];
    const [row] = metricRows([measured(1, 'max'), [], measured(2, 'max', 5)]);
    expect(row).toMatchObject({ values: [1, null, 2], direction: 'max', isCurve: true });
    expect([...(row?.best ?? [])]).toEqual([2]);
    expect(metricRows([measured(1, 'max'), measured(2, 'min')])[0]).toMatchObject({ direction: null });
  });
});

test('a spreadsheet gets both tables, quoted, with all digits and no formula', () => {
  const facts = differences([
    [task({ parameters: { note: '=1+1, "x"' } })],
    [task({ parameters: { note: '-2' } })],
  ]);
  const metrics = metricRows([
    [{ task: 'test', metrics: [{ name: 'loss', last: 0.1234567891, num_points: 1 }], directions: {} }],
    [],
  ]);
  expect(csvOf(['#1', '#2'], facts.slice(0, 1), metrics).split('\r\n')).toEqual([
    'kind,step,name,#1,#2',
    `parameters,train,note,"'=1+1, ""x""",-2`,
    'metrics,test,loss,0.1234567891,',
    '',
  ]);
});

test('a range of steps is two whole numbers in order', () => {
  expect(parseRange('10-200')).toEqual([10, 200]);
  expect(['', '9-3', 'a-b', '1-2-3', undefined].map(parseRange)).toEqual([null, null, null, null, null]);
});
