import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import en from '@/i18n/en/pipelines.json';
import zh from '@/i18n/zh/pipelines.json';
import { type FaultCode, lineOf, readYaml as read, YamlFault } from './read';
import { writeYaml } from './write';

const template = readFileSync(
  resolve(import.meta.dirname, '../../../../../src/kpl/builtin/templates/image_classification.yaml'),
  'utf8',
);

const readYaml = (text: string) => read(text).value;

describe('YAML', () => {
  it('reads the built-in template and writes it so that the same comes back', () => {
    const value = readYaml(template) as Record<string, unknown>;
    expect(Object.keys(value)).toEqual([
      'schema',
      'name',
      'title',
      'description',
      'task',
      'parameters',
      'nodes',
      'edges',
      'layout',
    ]);
    expect(value.edges).toHaveLength(11);
    expect(value.layout).toMatchObject({ deploy: { x: 1120, y: 440 } });
    expect((value.title as Record<string, string>).zh).toBe('图像分类');
    const text = writeYaml(value);
    expect(readYaml(text)).toEqual(value);
    expect(writeYaml(readYaml(text))).toBe(text);
  });

  it.each([
    ['a: 1\nb: [1, two, "3"]\nc: {x: 1, y: -2.5e-3}', { a: 1, b: [1, 'two', '3'], c: { x: 1, y: -0.0025 } }],
    ['a:\n- 1\n- b: 2\n  c: 3\n', { a: [1, { b: 2, c: 3 }] }],
    ['a: no\nb: 1:30\nc: ~\nd:\n', { a: 'no', b: '1:30', c: null, d: null }],
    ['# top\na: x # tail\nb: "y # no"\n', { a: 'x', b: 'y # no' }],
    ['a: |\n  one\n\n  two\nb: >-\n  three\n  four\n', { a: 'one\n\ntwo\n', b: 'three four' }],
    ["a: 'it''s'\nb: \"\\u00e9\\n\"\n", { a: "it's", b: 'é\n' }],
    [
      `a: $\{parameters.x}\nb: {m: "$\{parameters.y}", n: 0x1F}`,
      { a: `$\{parameters.x}`, b: { m: `$\{parameters.y}`, n: 31 } },
    ],
    ['a: "1"\nb: 1e3\nc: .5\nd: +1\ne: 1_000\n', { a: '1', b: 1000, c: 0.5, d: 1, e: '1_000' }],
    ['__proto__: 1\n', JSON.parse('{"__proto__": 1}')],
    ['a: [1,\n  2,\n  3]\n', { a: [1, 2, 3] }],
    ['- - 1\n  - 2\n- {}\n- []\n', [[1, 2], {}, []]],
    ['a: one\n  two\n', { a: 'one two' }],
    ['{"a": [true, null]}', { a: [true, null] }],
  ])('reads %j', (text, value) => {
    expect(readYaml(text)).toEqual(value);
  });

  it.each([
    ['a: 1\na: 2', 'twice', 2, 1],
    ['a: {b: 1, b: 2}', 'twice', 1, 11],
    ['a: &x 1', 'anchor', 1, 7],
    ['a: 1\nb: *a', 'anchor', 2, 4],
    ['a: !!str 1', 'tag', 1, 10],
    ['a: [1, 2', 'unclosed', 1, 9],
    ['a: "x', 'unclosed', 1, 6],
    ['a: 1\n---\nb: 2', 'second', 2, 1],
    ['a: 1\n  b: 2', 'indent', 1, 4],
    ['a:\n  - x\n b: 1', 'indent', 3, 1],
    ['\ta: 1', 'tab', 1, 1],
    ['a: b: c', 'quote', 1, 4],
    ['a: @x', 'quote', 1, 4],
    ['a: "\\q"', 'escape', 1, 5],
    ['', 'empty', 1, 1],
    ['# only words', 'empty', 1, 1],
    ['a: 1\nnonsense', 'colon', 2, 1],
    ['a: 12345678901234567890', 'number', 1, 4],
    ['a: .inf', 'number', 1, 4],
    ['a: 1e999', 'number', 1, 4],
    ['? [a]\n: b', 'key', 1, 3],
    [`b: {m: $\{parameters.y}}`, 'form', 1, 9],
    [`a: ${'['.repeat(60)}${']'.repeat(60)}`, 'deep', 1, 52],
  ])('refuses %j: %s, with its place', (text, code, line, column) => {
    let fault: unknown;
    try {
      read(text);
    } catch (error) {
      fault = error;
    }
    expect(fault).toBeInstanceOf(YamlFault);
    expect(fault).toMatchObject({ code, line, column });
  });

  it('has words in both languages for every fault', () => {
    for (const code of [
      'empty',
      'anchor',
      'tag',
      'twice',
      'key',
      'indent',
      'tab',
      'colon',
      'unclosed',
      'quote',
      'escape',
      'second',
      'number',
      'deep',
      'form',
    ] satisfies FaultCode[]) {
      expect(en.yaml.faults[code]).toBeTruthy();
      expect(zh.yaml.faults[code]).toBeTruthy();
    }
  });

  it('knows the line of what the server finds wrong', () => {
    const { lines } = read(
      `nodes:\n- {id: data}\n- id: train\n  parameters:\n    lr: 3\nedges:\n- {from: a.b, to: c.d}\n`,
    );
    const ids = ['data', 'train'];
    expect(lineOf(lines, ids, 'nodes.train.parameters.lr')).toBe(5);
    expect(lineOf(lines, ids, 'nodes.train.parameters.gone')).toBe(4);
    expect(lineOf(lines, ids, 'nodes[1].id')).toBe(3);
    expect(lineOf(lines, ids, 'nodes.data')).toBe(2);
    expect(lineOf(lines, ids, 'edges[0]')).toBe(7);
    expect(lineOf(lines, ids, 'parameters.dataset')).toBeNull();
  });

  it('writes values that any reader would otherwise misread in quotes', () => {
    const odd = {
      words: [
        'yes',
        'null',
        '1e3',
        '0x1F',
        '1:30',
        '-',
        '- a',
        'a: b',
        'a #b',
        '',
        ' x',
        'x ',
        '*y',
        '2026-11-23',
        '.5',
      ],
      text: 'one\n  two\n\nthree',
      block: 'first\nsecond\n',
      'key: odd': { 'x,y': '{z}', w: "it's" },
      deep: [{ a: [{ b: { c: [] } }] }, [], {}],
      control: 'a\u0007b\u2028c',
    };
    expect(readYaml(writeYaml(odd))).toEqual(odd);
  });
});
