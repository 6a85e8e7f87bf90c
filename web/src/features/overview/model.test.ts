import { expect, test } from 'vitest';
import { deviceCells, heldOf } from './model';

test('the cluster is told by its devices first', () => {
  const total = { cpu: 8000, memory: 4096, gpu: 2000, 'gpu:a100': 2000 };
  expect(heldOf({ total, held: { gpu: 500 } })).toEqual([
    { resource: 'gpu', held: 500, total: 2000 },
    { resource: 'cpu', held: 0, total: 8000 },
    { resource: 'memory', held: 0, total: 4096 },
  ]);
  const device = { kind: 'gpu', index: 1, held_milli: 250 };
  const machines = [{ name: 'a', devices: [device] }] as Parameters<typeof deviceCells>[0];
  expect(deviceCells(machines)).toEqual([{ name: 'a · GPU 1', share: 0.25 }]);
});
