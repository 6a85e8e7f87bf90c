import { describe, expect, it } from 'vitest';
import type { DocumentNode, Search } from '@/viz/graph/document';
import type { Catalog, FunctionInterface } from '@/viz/graph/ports';
import type { Schema } from '@/viz/graph/schema';
import { rangeFault, searchFor } from './fit';
import {
  isSearchable,
  numTrials,
  searchOf,
  searchStep,
  startRange,
  startSearch,
  trialTime_s,
  withRange,
} from './search';

const rate: Schema = { type: 'number', exclusiveMinimum: 0, maximum: 1, default: 0.002 };

describe('where a search of a parameter begins', () => {
  it.each<[string, Schema, unknown, object]>([
    ['the manifest’s range', { ...rate, 'x-search': { log: true, max: 0.01, min: 0.0002 } }, undefined, { min: 0.0002, max: 0.01, log: true }],
    ['around a small value', rate, undefined, { min: 0.0002, max: 0.02, log: true }],
    ['around what is given', rate, 0.03, { min: 0.003, max: 0.3, log: true }],
    ['all of a narrow interval', { type: 'number', minimum: 0, maximum: 0.9, default: 0.1 }, undefined, { min: 0, max: 0.9 }],
    ['inside a bound that is excluded', { type: 'number', minimum: 0, exclusiveMaximum: 1, default: 0.5 }, undefined, { min: 0, max: 0.99 }],
    ['without bounds, above nothing', { type: 'number', default: 0 }, undefined, { min: 0, max: 1 }],
    ['whole numbers', { type: 'integer', minimum: 1, maximum: 10_000, default: 12 }, undefined, { min: 6, max: 24 }],
    ['whole numbers at a bound', { type: 'integer', minimum: 0, maximum: 3, default: 0 }, undefined, { min: 0, max: 3 }],
    ['yes and no', { type: 'boolean', default: true }, undefined, { choices: [true, false] }],
    ['one of several', { enum: ['a', 'b'], default: 'a' }, 'b', { choices: ['a', 'b'] }],
    ['titled choices', { oneOf: [{ const: 1, title: 'One' }, { const: 2 }] }, undefined, { choices: [1, 2] }],
  ])('%s', (_, schema, value, range) => {
    expect(isSearchable(schema)).toBe(true);
    expect(startRange(schema, value)).toEqual(range);
    expect(Object.keys(startRange(schema, value))).toEqual(Object.keys(range));
    expect(rangeFault(schema, startRange(schema, value))).toBeNull();
  }); // biome-ignore format: a table

  it('holds the value that is given, for the first trial starts there', () => {
    const schema = { ...rate, 'x-search': { min: 0.0002, max: 0.01, log: true } };
    expect(startRange(schema, 0.5)).toEqual({ min: 0.0002, max: 0.5, log: true });
    const network: Schema = { enum: ['auto', 's', 'm'], 'x-search': { choices: ['s', 'm'] } };
    expect(startRange(network, 'auto')).toEqual({ choices: ['s', 'm', 'auto'] });
    expect(startRange(network, '$' + '{parameters.network}')).toEqual({ choices: ['s', 'm'] });
  });

  it('leaves texts, data, lists and what is fixed alone', () => {
    const others: Schema[] = [{ type: 'string' }, { 'x-kpl': 'dataset' }, { type: 'array' }, { const: 1 }];
    expect(others.map(isSearchable)).toEqual([false, false, false, false]);
    expect(isSearchable({ type: 'number', readOnly: true })).toBe(false);
  });
});

it('says what is wrong with a range, and where', () => {
  const at = (range: object, schema = rate) => {
    const fault = rangeFault(schema, range);
    return fault && `${fault.at} ${fault.code}`;
  };
  expect(at({ max: 0.1 })).toBe('min required');
  expect(at({ min: 0.2, max: 0.1 })).toBe('max order');
  expect(at({ min: 0.1, max: 3 })).toBe('max value');
  expect(at({ min: 0.1, max: 0.2, step: 0 })).toBe('step step');
  expect(at({ min: 0, max: 1, log: true }, { type: 'number' })).toBe('min log');
  expect(at({ choices: [] })).toBe('choices one');
  expect(at({ choices: ['a', 'c'] }, { enum: ['a', 'b'] })).toBe('choices value');
});

it('writes a block in the order of the server, and takes it away with its last range', () => {
  const began = withRange(null, 'rate', { log: true, max: 1, min: 0.1 });
  expect(JSON.stringify(began)).toBe('{"parameters":{"rate":{"min":0.1,"max":1,"log":true}}}');
  const more = withRange({ seed: 1, trials: 5, ...(began as Search) }, 'width', { choices: [1] }) as Search;
  expect(Object.keys(more)).toEqual(['parameters', 'trials', 'seed']);
  expect(withRange(withRange(more, 'rate', undefined) as Search, 'width', undefined)).toBeUndefined();
});

it('reads what a text may hold', () => {
  const read = (search: unknown) => searchOf({ search } as DocumentNode);
  expect([read(undefined), read(null), read(5), read([])]).toEqual([null, null, null, null]);
  const wild = { parameters: { a: 1, b: { min: 1 }, c: { choices: 2 } }, trials: 'many', metric: 3 };
  const found = read(wild);
  expect(found).toEqual({ parameters: { b: { min: 1 }, c: {} }, trials: 'many' });
  expect(numTrials(found as Search)).toBe(10);
  expect(rangeFault(rate, found?.parameters.c ?? {})).toEqual({ at: 'min', code: 'required' });
});

it('counts trials: a grid has no more than its points', () => {
  const parameters = { a: { choices: [1, 2] }, b: { min: 0, max: 1, step: 0.5 } };
  expect(numTrials({ parameters })).toBe(10);
  expect(numTrials({ parameters, trials: 30, method: 'grid' })).toBe(6);
  expect(numTrials({ parameters: { a: { min: 1, max: 4 } }, trials: 30, method: 'grid' })).toBe(4);
});

it('tells how long a trial takes by the last run', () => {
  expect(trialTime_s({ duration_s: 40, state: 'succeeded', search: null }, 2)).toBe(40);
  const search = { done: 3, failed: 1, stopped_early: 1 };
  expect(trialTime_s({ duration_s: 60, state: 'succeeded', search }, 2)).toBe(20);
  expect(trialTime_s({ duration_s: 3, state: 'failed', search: null }, 1)).toBeNull();
  expect(trialTime_s({ duration_s: 3, state: 'reused', search: null }, 1)).toBeNull();
  expect(trialTime_s(undefined, 1)).toBeNull();
});

const train = (kind: string, properties: Record<string, Schema>, measures = true): FunctionInterface => ({
  name: 'train',
  inputs: [{ name: 'dataset', type: 'dataset', kinds: [kind], isOptional: false }],
  outputs: [],
  parameters: { properties },
  metrics: measures ? [{ name: 'accuracy', direction: 'max', isPrimary: true }] : [],
});

const suggested: Schema = { type: 'number', 'x-search': { min: 1, max: 2 } };
const catalog: Catalog = {
  functions: new Map([
    ['blind/train', train('detection', { rate: suggested }, false)],
    ['plain/train', train('detection', { mode: { enum: ['a'] }, depth: { type: 'integer', default: 4 } })],
    ['boxes/train', train('detection', { rate: suggested })],
    ['images/train', train('classification', { rate: suggested })],
  ]),
  datasets: new Map([['digits', 'classification']]),
  models: new Map(),
};

it('adds the trainable step that takes the data at hand, with the ranges that it suggests', () => {
  const empty = { schema: 'kpl.pipeline/v1', name: 'a' };
  const search = { parameters: { rate: { min: 1, max: 2 } } };
  const step = { type: 'algorithm', function: 'train', search };
  expect(searchStep(catalog, empty)).toEqual({ ...step, algorithm: 'boxes' });
  const withData = { ...empty, nodes: [{ id: 'data', type: 'dataset' as const, dataset: 'digits' }] };
  expect(searchStep(catalog, withData)).toEqual({ ...step, algorithm: 'images' });
  expect(searchStep({ ...catalog, functions: new Map() }, withData)).toBeNull();
  expect(startSearch(catalog.functions.get('plain/train'))).toEqual({
    parameters: { depth: { min: 2, max: 8 } },
  });
  expect(startSearch(catalog.functions.get('blind/train'))).toBeNull();
});

it('keeps the ranges that another algorithm takes, names those it does not, and goes on searching', () => {
  const search = { parameters: { rate: { min: 1, max: 2 }, own: { choices: [1] } }, metric: 'f1', trials: 5 };
  expect(searchFor(train('a', { rate: { type: 'number' } }), search)).toEqual({
    search: { parameters: { rate: { min: 1, max: 2 } }, trials: 5 },
    lost: ['own'],
  });
  expect(searchFor(train('a', { rate: { type: 'string' }, depth: suggested }), search)).toEqual({
    search: { parameters: { depth: { min: 1, max: 2 } }, trials: 5 },
    lost: ['rate', 'own'],
  });
  expect(searchFor(train('a', { rate: { type: 'number' } }, false), search).search).toBeUndefined();
});
