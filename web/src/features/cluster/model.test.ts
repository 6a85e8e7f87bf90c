import { expect, it } from 'vitest';
import {
  barOf,
  coreCells,
  deviceCell,
  holderColour,
  type Machine,
  type Queue,
  quotasOf,
  totalOf,
  totals,
  treeOf,
} from './model';

const machine = (cpu_milli: number, holders: [number, number][]): Machine => ({
  name: 'm',
  is_simulated: false,
  is_healthy: true,
  is_cordoned: false,
  is_draining: false,
  cluster: 'local',
  reason: '',
  changed_by: '',
  cpu_milli,
  memory_mib: 1024,
  held_cpu_milli: holders.reduce((sum, [, cpu]) => sum + cpu, 0),
  held_memory_mib: 512,
  devices: [
    {
      kind: 'gpu',
      index: 0,
      vendor: 'v',
      model: 'x',
      memory_mib: 1,
      held_milli: 500,
      is_healthy: true,
      is_instance: false,
      sharing: 'watched',
      holders: [{ task_id: 3, share_milli: 500, share_mib: 1, enforcement: 'watched' }],
    },
  ],
  holders: holders.map(([task_id, cpu]) => ({
    task_id,
    project: 'p',
    name: 'n',
    username: 'u',
    cpu_milli: cpu,
    memory_mib: 256,
  })),
});

it('fills cores by holders one after the other', () => {
  const { cells } = coreCells(
    machine(4000, [
      [1, 1500],
      [2, 1000],
    ]),
  );
  expect(cells).toEqual([
    { share: 1, taskIds: [1] },
    { share: 1, taskIds: [1, 2] },
    { share: 0.5, taskIds: [2] },
    { share: 0, taskIds: [] },
  ]);
});

it('draws very many cores in groups', () => {
  const { cells, coresPerCell } = coreCells(machine(512_000, [[1, 4000]]));
  expect(coresPerCell).toBe(4);
  expect(cells).toHaveLength(128);
  expect(cells[0]?.share).toBe(1);
});

it('knows what is held of a device and in all', () => {
  const one = machine(2000, [[1, 500]]);
  expect(deviceCell(one.devices[0] as (typeof one.devices)[0])).toEqual({ share: 0.5, taskIds: [3] });
  expect(totals([one, one])).toMatchObject({
    machines: 2,
    cores: 4,
    heldCores: 1,
    devices: 2,
    heldDevices: 1,
  });
});

it('shows those one may not see in grey', () => {
  expect(holderColour(0)).toBe('var(--fg-3)');
  expect(holderColour(5)).not.toBe(holderColour(6));
});

const queue = (name: string, parent: string, amounts: Partial<Queue> = {}): Queue =>
  ({ name, parent, used: {}, borrowed: {}, guaranteed: {}, limit: {}, ...amounts }) as Queue;

it('puts queues below those above them, and those of a hidden parent on top', () => {
  const tree = treeOf([queue('b', 'lab'), queue('root', ''), queue('x', 'secret'), queue('lab', 'root')]);
  expect(tree.map(({ queue: { name }, depth }) => [name, depth])).toEqual([
    ['root', 0],
    ['lab', 1],
    ['b', 2],
    ['x', 0],
  ]);
});

it('tells quotas of devices first and leaves out what has none', () => {
  const amounts = {
    used: { cpu: 100, gpu: 3000, 'gpu:x': 3000, memory: 0, storage: 0 },
    borrowed: { gpu: 1000 },
    guaranteed: { gpu: 2000 },
  };
  const [gpu, cpu, ...rest] = quotasOf(queue('a', '', { ...amounts, limit: { tasks: 9 } }));
  expect(gpu).toEqual({ resource: 'gpu', used: 3000, borrowed: 1000, guaranteed: 2000, limit: null });
  expect([cpu?.resource, rest.map(({ resource }) => resource)]).toEqual(['cpu', ['tasks']]);
});

it('draws a bar as long as the limit, or as all there is', () => {
  const quota = { resource: 'gpu', used: 3000, borrowed: 1000, guaranteed: 4000, limit: null };
  expect(barOf(quota, 8000)).toEqual([0.25, 0.125, 0.25]);
  expect(barOf({ ...quota, limit: 4000 }, 8000)).toEqual([0.5, 0.25, 0.5]);
  expect(barOf({ ...quota, used: 0, borrowed: 0, guaranteed: 0 }, 0)).toEqual([0, 0, 0]);
});

it('adds up what there is of a resource', () => {
  const both = [machine(4000, []), machine(2000, [])];
  expect(['cpu', 'memory', 'gpu', 'gpu:x', 'gpu:y', 'tasks'].map((name) => totalOf(both, name))).toEqual([
    6000, 2048, 2000, 2000, 0, 0,
  ]);
});
