import { expect, test } from 'vitest';
import { columnsOf, shownValue } from './rowModel';

test('columns keep their order and know their numbers', () => {
  expect(columnsOf({ values: { island: 'Dream', mass: 3750, note: null } })).toEqual([
    { name: 'island', isNumber: false },
    { name: 'mass', isNumber: true },
    { name: 'note', isNumber: false },
  ]);
  expect(columnsOf(undefined)).toEqual([]);
});

test('values are short, and what is missing is told apart from zero', () => {
  expect([0, 39.099998474121094, 'Dream', true, '', null, undefined].map(shownValue)).toEqual([
    '0',
    '39.1',
    'Dream',
    'true',
    null,
    null,
    null,
  ]);
});
