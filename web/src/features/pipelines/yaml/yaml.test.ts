import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readYaml, YamlError } from './read';
import { writeYaml } from './write';

const template = readFileSync(
  resolve(import.meta.dirname, '../../../../../src/kpl/builtin/templates/image_classification.yaml'),
  'utf8',
);

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
    expect(value.layout).toMatchObject({ deploy: { x: 1120, y: 160 } });
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
      'a: $' + '{parameters.x}\nb: {m: $' + '{parameters.y}, n: 1}',
      { a: '$' + '{parameters.x}', b: { m: '$' + '{parameters.y}', n: 1 } },
    ],
    ['a: [1,\n  2,\n  3]\n', { a: [1, 2, 3] }],
    ['- - 1\n  - 2\n- {}\n- []\n', [[1, 2], {}, []]],
    ['a: one\n  two\n', { a: 'one two' }],
    ['{"a": [true, null]}', { a: [true, null] }],
  ])('reads %j', (text, value) => {
    expect(readYaml(text)).toEqual(value);
  });

  it.each([
    ['a: 1\na: 2', 2],
    ['a: &x 1', 1],
    ['a: [1, 2', 1],
    ['a: 1\n---\nb: 2', 2],
    ['a: 1\n  b: 2', 2],
    ['\ta: 1', 1],
    ['a: {b: 1, b: 2}', 1],
    ['', 1],
    ['a: 1\nnonsense', 2],
  ])('refuses %j with the line', (text, line) => {
    expect(() => readYaml(text)).toThrow(YamlError);
    try {
      readYaml(text);
    } catch (error) {
      expect((error as YamlError).line).toBe(line);
    }
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
