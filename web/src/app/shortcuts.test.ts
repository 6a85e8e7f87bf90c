import { expect, test } from 'vitest';
import { destinationPath, destinations, isWithin } from './navigation';
import { keyAction } from './shortcuts';
import { outdatedBy } from './useProjectUpdates';

const key = (name: string, rest: object = {}) => ({
  key: name,
  metaKey: false,
  ctrlKey: false,
  altKey: false,
  target: null,
  ...rest,
});

test('keys mean the same on every page', () => {
  expect(keyAction(key('k', { metaKey: true }), '')).toBe('palette');
  expect(keyAction(key('?'), '')).toBe('keys');
  expect(keyAction(key('/'), '')).toBe('search');
  expect(keyAction(key('g'), '')).toBe('prefix');
  expect(keyAction(key('d'), 'g')).toEqual({ go: 'd' });
  expect(keyAction(key('d'), '')).toBeNull();
});

test('what is typed into a field is no command', () => {
  const input = document.createElement('input');
  expect(keyAction(key('?', { target: input }), '')).toBeNull();
  expect(keyAction(key('K', { target: input, ctrlKey: true }), '')).toBe('palette');
});

test('one destination is current on a page', () => {
  const current = (path: string) =>
    destinations.filter((item) => isWithin(path, item, 'p')).map(({ id }) => id);
  expect(current('/p/p')).toEqual(['overview']);
  expect(current('/p/p/datasets/digits')).toEqual(['datasets']);
  expect(current('/cluster')).toEqual(['cluster']);
  expect(destinationPath({ id: 'runs', icon: destinations[0]?.icon as never, key: 'r' }, 'a b')).toBe(
    '/p/a%20b/runs',
  );
});

test('events outdate what they change, and no more', () => {
  const event = (type: string, data: object) => ({
    seq: 1,
    type,
    topics: [],
    data: data as Record<string, unknown>,
  });
  expect(outdatedBy(event('run', {}), 'p')).toEqual([['runs', 'p']]);
  expect(outdatedBy(event('task', { state: 'running', endpoint: '' }), 'p')).toEqual([['tasks', 'p']]);
  expect(outdatedBy(event('task', { state: 'succeeded', endpoint: '' }), 'p')).toContainEqual([
    'datasets',
    'p',
  ]);
  expect(outdatedBy(event('task', { state: 'ready', endpoint: 'e' }), 'p')).toContainEqual([
    'endpoints',
    'p',
  ]);
});
