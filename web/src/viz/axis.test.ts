import { describe, expect, it } from 'vitest';
import { numberAxis, tickText, wordAxis } from './axis';

describe('axes', () => {
  const texts = (axis: { ticks: { text: string }[] }) => axis.ticks.map(({ text }) => text);

  it('has round numbers on a linear scale', () => {
    expect(texts(numberAxis([0.82, 0.97]))).toEqual(['0.85', '0.9', '0.95']);
    expect(texts(numberAxis([1, 7], { isWhole: true, count: 4 }))).toEqual(['2', '4', '6']);
    expect(texts(numberAxis([1, 2], { isWhole: true }))).toEqual(['1', '2']);
  });

  it('has powers of ten on a log scale, and more where there are few', () => {
    expect(texts(numberAxis([0.0001, 0.1], { isLog: true }))).toEqual(['1e-4', '0.001', '0.01', '0.1']);
    expect(texts(numberAxis([0.0002, 0.01], { isLog: true }))).toEqual(['3e-4', '0.001', '0.003', '0.01']);
    expect(texts(numberAxis([0.15, 0.6], { isLog: true }))).toEqual(['0.2', '0.5']);
    expect(texts(numberAxis([0.31, 0.39], { isLog: true }))).toEqual(['0.31', '0.39']);
    const { place } = numberAxis([0.001, 0.1], { isLog: true });
    expect([place(0.01), place(0), place('x')]).toEqual([0.5, null, null]);
  });

  it('puts a single value and nothing at all where they belong', () => {
    expect(numberAxis([0.5, 0.5]).place(0.5)).toBe(0.5);
    expect(numberAxis([0, 1], { isLog: true }).place(0)).toBe(0.05);
    expect(numberAxis([null, Number.NaN])).toMatchObject({ ticks: [] });
    const words = wordAxis(['s', 'm']);
    expect([words.place('s'), words.place('m'), words.place('x')]).toEqual([0.25, 0.75, null]);
    expect(wordAxis(['true', 'false']).place(true)).toBe(0.25);
  });

  it('writes numbers briefly', () => {
    expect([0, 12, 0.05, 0.00025, 250_000].map(tickText)).toEqual(['0', '12', '0.05', '2.5e-4', '2.5e5']);
  });
});
