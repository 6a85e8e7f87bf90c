import { expect, it } from 'vitest';
import { parseMarkdown, parseSpans } from './markdown';

it('reads headings, paragraphs, lists, code and tables', () => {
  const text =
    '# Title\n\nOne\ntwo.\n\n- a\n  more\n- b\n\n1. x\n\n```sh\nrun <it>\n```\n| k | v |\n|---|---|\n| a | 1 |\n';
  expect(parseMarkdown(text)).toEqual([
    { type: 'heading', level: 1, text: 'Title' },
    { type: 'paragraph', text: 'One two.' },
    { type: 'list', isOrdered: false, items: ['a more', 'b'] },
    { type: 'list', isOrdered: true, items: ['x'] },
    { type: 'code', text: 'run <it>' },
    { type: 'table', head: ['k', 'v'], rows: [['a', '1']] },
  ]);
});

it('ends with a fence that is never closed', () => {
  expect(parseMarkdown('```\nx')).toEqual([{ type: 'code', text: 'x' }]);
});

it('makes links of web addresses only', () => {
  expect(parseSpans('see `x`, **y** and [z](https://z.org) [w](javascript:alert)')).toEqual([
    { type: 'text', text: 'see ' },
    { type: 'code', text: 'x' },
    { type: 'text', text: ', ' },
    { type: 'strong', text: 'y' },
    { type: 'text', text: ' and ' },
    { type: 'link', text: 'z', href: 'https://z.org' },
    { type: 'text', text: ' [w](javascript:alert)' },
  ]);
});
