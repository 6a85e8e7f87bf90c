import { expect, test } from 'vitest';
import type { Queue } from './model';
import { bodyOf, formOf, isQueueName, resourcesOf } from './queueForm';

const QUEUE: Queue = {
  name: 'lab',
  parent: 'root',
  project: '',
  username: '',
  is_set_up: true,
  weight: 2,
  guaranteed: { cpu: 1500, memory: 2048, gpu: 2000, 'gpu:a100': 1000 },
  limit: { tasks: 10 },
  user_limit: {},
  policy: { max_run_time_s: 7200, allowed_kinds: ['gpu', 'npu'] },
  effective_policy: {},
  used: {},
  borrowed: {},
  num_running: 0,
  num_waiting: 0,
  changed_at: null,
  changed_by: '',
};
const TOTAL = { cpu: 8000, memory: 4096, npu: 1000, gpu: 2000, 'gpu:a100': 2000 };

test('amounts are shown as people count them and go back as they came', () => {
  const form = formOf(QUEUE, 'root');
  expect(form.amounts.guaranteed).toEqual({ cpu: 1.5, memory: 2, gpu: 2, 'gpu:a100': 1 });
  expect(form).toMatchObject({
    weight: 2,
    maxRunHours: 2,
    idleStopHours: Number.NaN,
    allowedKinds: 'gpu, npu',
  });
  const body = bodyOf(form, false);
  expect(body.guaranteed).toEqual(QUEUE.guaranteed);
  expect(body.limit).toEqual(QUEUE.limit);
  expect(body.parent).toBeUndefined();
  expect(body.policy).toEqual({
    max_run_time_s: 7200,
    idle_stop_s: null,
    min_run_s: null,
    allowed_kinds: ['gpu', 'npu'],
  });
});

test('what is emptied is not sent, and a new queue names the one above', () => {
  const form = formOf(null, 'root');
  const amounts = { ...form.amounts, limit: { gpu: Number.NaN, cpu: 4 } };
  const body = bodyOf({ ...form, name: 'new', amounts, allowedKinds: 'gpu，npu' }, true);
  expect(body).toMatchObject({ parent: 'root', weight: 1, guaranteed: {}, limit: { cpu: 4000 } });
  expect(body.policy?.allowed_kinds).toEqual(['gpu', 'npu']);
});

test('resources are those of the machines and those that the queue names', () => {
  expect(resourcesOf(QUEUE, TOTAL)).toEqual(['cpu', 'memory', 'gpu', 'gpu:a100', 'npu', 'storage', 'tasks']);
  expect(resourcesOf(null, {})).toEqual(['cpu', 'memory', 'storage', 'tasks']);
});

test('names of queues are like other names', () => {
  expect(isQueueName('lab-1')).toBe(true);
  expect(isQueueName('Lab')).toBe(false);
});
