import { describe, expect, it } from 'vitest';
import {
  firstError,
  LINE_HEIGHT,
  levelOf,
  lineOf,
  MAX_HEIGHT,
  marked,
  nextMatch,
  Pages,
  pagesOf,
  plain,
  scrollTo,
  windowOf,
} from './log';

describe('lines', () => {
  it('tell their level', () => {
    expect(levelOf('ValueError: bad')).toBe('error');
    expect(levelOf('Traceback (most recent call last):')).toBe('error');
    expect(levelOf('12:00 WARN power')).toBe('warning');
    expect(levelOf('done, 0 errors')).toBe('');
    expect(levelOf('epoch 3 loss 0.2')).toBe('');
  });

  it('lose the colours of terminals', () => {
    expect(plain('\u001b[31mred\u001b[0m\r')).toBe('red');
  });

  it('are split at what is searched for', () => {
    expect(marked('aXbxc', 'x')).toEqual(['a', 'X', 'b', 'x', 'c']);
    expect(marked('abc', '')).toEqual(['abc']);
  });

  it('that tell of an error are found among the first matches', () => {
    expect(
      firstError([
        { line: 9, text: 'ValueError: x' },
        { line: 4, text: 'error rate 0.1' },
        { line: 2, text: '0 errors' },
      ]),
    ).toBe(4);
    expect(firstError([])).toBeNull();
  });
});

describe('the window', () => {
  it('holds what is on screen and a little more', () => {
    const found = windowOf(1900, 190, 1000, 2);
    expect(found).toMatchObject({ first: 98, end: 112, height: 1000 * LINE_HEIGHT });
  });

  it('reaches the last of millions of lines within the height that browsers can scroll', () => {
    const lines = 5_000_000;
    const bottom = windowOf(MAX_HEIGHT - 400, 400, lines);
    expect(bottom.height).toBe(MAX_HEIGHT);
    expect(bottom.end).toBe(lines);
    const to = scrollTo(2_500_000, 400, lines);
    const middle = windowOf(to, 400, lines);
    expect(middle.first).toBeLessThan(2_500_000);
    expect(middle.end).toBeGreaterThan(2_500_000);
  });

  it('knows its pages', () => {
    expect(pagesOf(0, 0)).toEqual([]);
    expect(pagesOf(499, 1001)).toEqual([0, 1, 2]);
  });
});

describe('pages', () => {
  it('are fetched again while the log grows, and the oldest are let go', () => {
    const pages = new Pages();
    pages.put(0, ['a']);
    expect(pages.lacks(0, 1)).toBe(false);
    expect(pages.lacks(0, 2)).toBe(true);
    expect(pages.line(0)).toBe('a');
    for (let page = 1; page <= Pages.kept; page += 1) pages.put(page, []);
    expect(pages.lines(0)).toBeUndefined();
  });
});

it('goes from match to match, round the end', () => {
  const matches = [{ line: 3 }, { line: 8 }];
  expect(nextMatch(matches, null, 1)).toBe(3);
  expect(nextMatch(matches, 8, 1)).toBe(3);
  expect(nextMatch(matches, 3, -1)).toBe(8);
  expect(nextMatch([], 3, 1)).toBeNull();
});

it('an address counts lines from 1, or back from the end', () => {
  expect(lineOf(1, 10)).toBe(0);
  expect(lineOf(-1, 10)).toBe(9);
  expect(lineOf(-20, 10)).toBe(0);
});
