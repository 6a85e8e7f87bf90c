import { expect, test } from 'vitest';
import { chipsOf } from './model';

const NOTHING = {
  name: 'a',
  before: 1,
  after: 2,
  num_added: 0,
  num_removed: 0,
  num_changed: 0,
  num_same: 9,
  fields: {},
};

test('only numbers that are not 0 are shown, fields after the whole', () => {
  expect(chipsOf(NOTHING)).toEqual([]);
  const chips = chipsOf({ ...NOTHING, num_removed: 1, num_changed: 3, fields: { label: 3, image: 1 } });
  expect(chips.map(({ id, count }) => [id, count])).toEqual([
    ['removed', 1],
    ['changed', 3],
    ['changed.label', 3],
    ['changed.image', 1],
  ]);
});
