import { expect, it } from 'vitest';
import { actionsOf } from './actions';

it('offers what changes the state of a machine, even of one that does not answer', () => {
  const open = { is_healthy: true, is_cordoned: false, is_draining: false };
  expect(actionsOf(open)).toEqual(['cordon', 'drain']);
  expect(actionsOf({ ...open, is_cordoned: true })).toEqual(['uncordon', 'drain']);
  expect(actionsOf({ ...open, is_cordoned: true, is_draining: true })).toEqual(['undrain', 'drain']);
  expect(actionsOf({ ...open, is_healthy: false })).toEqual(['cordon', 'drain']);
});
