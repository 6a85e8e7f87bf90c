import { expect, it } from 'vitest';
import {
  barOf,
  coreCells,
  type Device,
  deviceCell,
  holderColour,
  type Machine,
  moved,
  placeOf,
  type Queue,
  quotasOf,
  ROW_HEIGHT,
  scrollTo,
  stateOf,
  treeOf,
  windowOf,
} from './model';

const machine = (cpu_milli: number, holders: [number, number][]): Machine => ({
  name: 'm',
  labels: {},
  changed_at: null,
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
    run_id: null,
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

const device = (amounts: Partial<Device>): Device => ({
  ...(machine(1, []).devices[0] as Device),
  ...amounts,
});

it('fills a device by how busy it is, else by what is held of it', () => {
  const free = device({ held_milli: 0, holders: [] });
  expect(deviceCell(free)).toEqual({ fill: 0, isMeasured: false, isFree: true, isShared: false });
  expect(deviceCell(device({ held_milli: 500 }))).toMatchObject({ fill: 0.5, isShared: true });
  expect(deviceCell(device({ held_milli: 1000 }))).toMatchObject({ fill: 1, isShared: false });
  expect(deviceCell(device({ utilisation: 0.2 }))).toMatchObject({ fill: 0.2, isMeasured: true });
  expect(deviceCell(device({ utilisation: 0 }))).toMatchObject({ fill: 0, isMeasured: true, isFree: false });
});

it('says first that a machine does not answer', () => {
  const open = { is_healthy: true, is_cordoned: false, is_draining: false };
  expect(stateOf(open)).toBe('open');
  expect(stateOf({ ...open, is_cordoned: true })).toBe('cordoned');
  expect(stateOf({ ...open, is_cordoned: true, is_draining: true })).toBe('draining');
  expect(stateOf({ ...open, is_healthy: false, is_draining: true })).toBe('lost');
});

it('leads to tasks that one may see', () => {
  expect(placeOf({ task_id: 7, project: 'a b', run_id: 3, name: 'x' })).toBe('/p/a%20b/runs/3?task=x');
  expect(placeOf({ task_id: 7, project: 'a', run_id: 3, name: 'x/2' })).toBe('/p/a/tasks/7');
  expect(placeOf({ task_id: 7, project: 'a', run_id: null, name: 'x' })).toBe('/p/a/tasks/7');
  expect(placeOf({ task_id: 0, project: '', run_id: 3, name: '' })).toBeUndefined();
});

it('draws few rows of ten thousand and fetches the pages of those', () => {
  expect(windowOf(0, 400, 10_000)).toEqual({ rows: Array.from({ length: 13 }, (_, row) => row), pages: [0] });
  const { rows, pages } = windowOf(99 * ROW_HEIGHT, 400, 10_000);
  expect([rows[0], rows.at(-1), pages]).toEqual([96, 111, [0, 1]]);
  expect(windowOf(10_000 * ROW_HEIGHT - 400, 400, 10_000).rows.at(-1)).toBe(9999);
  expect(windowOf(0, 400, 0)).toEqual({ rows: [], pages: [] });
});

it('scrolls only as far as a row needs', () => {
  expect(scrollTo(2, 0, 400)).toBeNull();
  expect(scrollTo(0, 100, 400)).toBe(0);
  expect(scrollTo(10, 0, 400)).toBe(40);
});

it('moves by keys and stays within the grid', () => {
  expect(moved([0, 0], 'ArrowUp', 5, 4)).toEqual([0, 0]);
  expect(moved([0, 9], 'ArrowDown', 5, 4)).toEqual([1, 9]);
  expect(moved([1, 9], 'ArrowLeft', 5, 4)).toEqual([1, 2]);
  expect(moved([1, 3], 'ArrowRight', 5, 4)).toEqual([1, 3]);
  expect(moved([1, 3], 'Home', 5, 4)).toEqual([1, 0]);
  expect(moved([1, 0], 'End', 5, 4)).toEqual([1, 3]);
  expect(moved([1, 0], 'PageDown', 5, 4)).toEqual([4, 0]);
  expect(moved([1, 2], 'Control+Home', 5, 4)).toEqual([0, 0]);
  expect(moved([1, 2], 'Control+End', 5, 4)).toEqual([4, 2]);
  expect(moved([1, 0], 'x', 5, 4)).toBeNull();
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
  expect(barOf({ ...quota, used: 0, borrowed: 0, guaranteed: 0 }, 0)).toBeNull();
  expect(barOf({ ...quota, used: 0, borrowed: 0, guaranteed: 0, limit: 0 }, 0)).toEqual([0, 0, 0]);
});
