/** The form knows every keyword of JSON Schema that the server lets a manifest or a pipeline use. */

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { cleanup, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import common from '@/i18n/en/common.json';
import en from '@/i18n/en/pipelines.json';
import zh from '@/i18n/zh/pipelines.json';
import type { Schema } from '@/viz/graph/schema';
import { FAULT_CODES } from './check';
import { controlOf, faultOf, listValue, plainSchema } from './model';
import { SchemaField } from './SchemaField';

beforeAll(() =>
  i18next
    .use(initReactI18next)
    .init({ lng: 'en', resources: { en: { common, pipelines: en } }, fallbackNS: 'common' }),
);
afterEach(cleanup);

/** Keywords that refuse values: a schema, a value that fits, one that does not, and the words for it. */
const REFUSING: Record<string, [Schema, unknown, unknown, string]> = {
  type: [{ type: 'integer' }, 2, 'two', 'integer'],
  enum: [{ enum: ['a', 'b'] }, 'a', 'c', 'choice'],
  const: [{ const: 'a' }, 'a', 'b', 'const'],
  minimum: [{ type: 'number', minimum: 1 }, 1, 0.5, 'small'],
  exclusiveMinimum: [{ type: 'number', exclusiveMinimum: 0 }, 0.1, 0, 'small'],
  maximum: [{ type: 'number', maximum: 1 }, 1, 2, 'large'],
  exclusiveMaximum: [{ type: 'number', exclusiveMaximum: 1 }, 0.9, 1, 'large'],
  multipleOf: [{ type: 'integer', multipleOf: 32 }, 64, 65, 'multiple'],
  minLength: [{ type: 'string', minLength: 2 }, 'ab', 'a', 'short'],
  maxLength: [{ type: 'string', maxLength: 2 }, 'ab', 'abc', 'long'],
  pattern: [{ type: 'string', pattern: '^[a-z]+$' }, 'a', 'A', 'pattern'],
  format: [{ type: 'string', format: 'email' }, 'a@b.org', 'a', 'format'],
  items: [{ type: 'array', items: { type: 'integer' } }, [1], ['x'], 'integer'],
  prefixItems: [{ type: 'array', prefixItems: [{ type: 'string' }] }, ['x'], [1], 'text'],
  contains: [{ type: 'array', contains: { type: 'string' } }, ['x'], [1], 'contains'],
  minContains: [
    { type: 'array', contains: { type: 'string' }, minContains: 2 },
    ['x', 'y'],
    ['x'],
    'contains',
  ],
  maxContains: [
    { type: 'array', contains: { type: 'string' }, maxContains: 1 },
    ['x'],
    ['x', 'y'],
    'contains',
  ],
  minItems: [{ type: 'array', minItems: 2 }, [1, 2], [1], 'few'],
  maxItems: [{ type: 'array', maxItems: 1 }, [1], [1, 2], 'many'],
  uniqueItems: [{ type: 'array', uniqueItems: true }, [1, 2], [1, 1], 'unique'],
  unevaluatedItems: [{ type: 'array', prefixItems: [{}], unevaluatedItems: false }, [1], [1, 2], 'many'],
  properties: [{ type: 'object', properties: { a: { type: 'number' } } }, { a: 1 }, { a: 'x' }, 'number'],
  patternProperties: [
    { type: 'object', patternProperties: { '^a': { type: 'number' } } },
    { a: 1 },
    { a: 'x' },
    'number',
  ],
  additionalProperties: [{ type: 'object', additionalProperties: false }, {}, { a: 1 }, 'unknown'],
  unevaluatedProperties: [{ type: 'object', unevaluatedProperties: false }, {}, { a: 1 }, 'unknown'],
  propertyNames: [{ type: 'object', propertyNames: { maxLength: 1 } }, { a: 1 }, { ab: 1 }, 'names'],
  required: [{ type: 'object', required: ['a'] }, { a: 1 }, {}, 'missing'],
  dependentRequired: [
    { type: 'object', dependentRequired: { a: ['b'] } },
    { a: 1, b: 1 },
    { a: 1 },
    'depends',
  ],
  dependentSchemas: [
    { type: 'object', dependentSchemas: { a: { required: ['b'] } } },
    {},
    { a: 1 },
    'missing',
  ],
  minProperties: [{ type: 'object', minProperties: 1 }, { a: 1 }, {}, 'fewNames'],
  maxProperties: [{ type: 'object', maxProperties: 1 }, { a: 1 }, { a: 1, b: 1 }, 'manyNames'],
  allOf: [{ allOf: [{ type: 'string' }, { minLength: 2 }] }, 'ab', 'a', 'short'],
  anyOf: [{ anyOf: [{ type: 'string' }, { type: 'integer' }] }, 1, 1.5, 'none'],
  oneOf: [{ oneOf: [{ type: 'string' }, { type: 'integer' }] }, 1, 1.5, 'none'],
  not: [{ not: { const: 'a' } }, 'b', 'a', 'none'],
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  if: [{ if: { type: 'string' }, then: { minLength: 2 } }, 'ab', 'a', 'short'],
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  then: [{ if: { type: 'number' }, then: { minimum: 2 } }, 2, 1, 'small'],
  else: [{ if: { type: 'string' }, else: { maximum: 2 } }, 2, 3, 'large'],
  $ref: [{ $ref: '#/$defs/a', $defs: { a: { type: 'integer', minimum: 1 } } }, 1, 0, 'small'],
  $defs: [{ $ref: '#/$defs/a', $defs: { a: { enum: [1] } } }, 1, 2, 'choice'],
};

const draw = (schema: Schema, value?: unknown) =>
  render(<SchemaField name="field" schema={schema} value={value} onChange={() => {}} />);

/** Keywords that are shown: what is seen of each. */
const SHOWN: Record<string, () => void> = {
  title: () => {
    draw({ type: 'string', title: 'Epochs' });
    expect(screen.getByLabelText('Epochs')).toBeTruthy();
  },
  description: () => {
    draw({ type: 'string', description: { en: 'How often', zh: '次数' } });
    expect(screen.getByText('How often')).toBeTruthy();
  },
  default: () => {
    draw({ type: 'string', default: 'one' }, 'two');
    expect(screen.getByText('default one')).toBeTruthy();
    expect(screen.getByRole('button', { name: 'Back to the default, one' })).toBeTruthy();
  },
  examples: () => {
    draw({ type: 'string', examples: ['street'] });
    expect(screen.getByPlaceholderText('e.g. street')).toBeTruthy();
  },
  deprecated: () => {
    draw({ type: 'string', deprecated: true });
    expect(screen.getByText('deprecated')).toBeTruthy();
  },
  readOnly: () => {
    draw({ type: 'string', readOnly: true });
    expect(screen.getByLabelText('field')).toHaveProperty('disabled', true);
  },
  writeOnly: () => {
    draw({ type: 'string', writeOnly: true });
    expect(screen.getByLabelText('field')).toHaveProperty('type', 'password');
  },
  'x-kpl': () => {
    expect(controlOf({ type: 'string', 'x-kpl': 'dataset' })).toBe('dataset');
  },
};

/** Keywords that say nothing of the value, or that the server alone follows. */
const SILENT = [
  '$schema', '$id', '$anchor', '$comment', '$vocabulary', '$dynamicRef', '$dynamicAnchor', 'contentEncoding',
  'contentMediaType', 'contentSchema',
]; // biome-ignore format: one line of words reads better than one a line

function wordsIn(file: string, begin: string): string[] {
  const text = readFileSync(resolve(import.meta.dirname, '../../../../src/kpl', file), 'utf8');
  const from = text.indexOf(begin);
  expect(from, `${file} has ${begin}`).toBeGreaterThanOrEqual(0);
  const end = /\n\)/.exec(text.slice(from));
  return [...text.slice(from, from + (end?.index ?? 0)).matchAll(/"([^"]+)"/g)].map(
    (match) => match[1] as string,
  );
}

describe('the form', () => {
  it('knows every keyword that manifests and pipelines may use', () => {
    const parts = ['_NAMED', '_LISTED', '_SINGLE'].map((name) => {
      const text = readFileSync(
        resolve(import.meta.dirname, '../../../../src/kpl/algorithm/parameters.py'),
        'utf8',
      );
      const found = new RegExp(`^${name} = \\((.*)\\)$`, 'm').exec(text)?.[1] ?? '';
      return [...found.matchAll(/"([^"]+)"/g)].map((match) => match[1] as string);
    });
    const allowed = new Set([
      ...parts.flat(),
      ...wordsIn('algorithm/parameters.py', '_KEYWORDS = frozenset('),
      ...wordsIn('pipeline/document.py', 'KEYWORDS = ('),
    ]);
    expect(allowed.size).toBeGreaterThan(55);
    const covered = new Set([...Object.keys(REFUSING), ...Object.keys(SHOWN), ...SILENT]);
    expect([...allowed].filter((word) => !covered.has(word))).toEqual([]);
    expect([...covered].filter((word) => !allowed.has(word))).toEqual([]);
  });

  it.each(Object.entries(REFUSING))('marks a value that %s refuses, and takes one that fits', (_, given) => {
    const [schema, good, bad, code] = given;
    expect(faultOf(schema, good)).toBeNull();
    expect(faultOf(schema, bad)?.code).toBe(code);
    draw(schema, bad);
    const words = i18next.t(`form.fault.${code}`, { ns: 'pipelines', limit: faultOf(schema, bad)?.limit });
    expect(screen.getByText(new RegExp(`${words.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`))).toBeTruthy();
  });

  it.each(Object.entries(SHOWN))('shows %s', (_, check) => check());

  it('has words in both languages for all that can be wrong', () => {
    for (const code of FAULT_CODES) {
      expect(en.form.fault[code]).toBeTruthy();
      expect(zh.form.fault[code]).toBeTruthy();
    }
  });

  it('names the place inside a value, and the limit', () => {
    const schema = {
      type: 'array',
      items: { $ref: '#/$defs/box' },
      $defs: { box: { properties: { w: { minimum: 2 } } } },
    };
    expect(faultOf(schema, [{ w: 3 }, { w: 1 }])).toEqual({ code: 'small', limit: '≥ 2', path: '[1].w' });
  });

  it('leaves to the server what only it can judge: bindings, and patterns of Python', () => {
    expect(faultOf({ type: 'array', items: { type: 'number' } }, [`$\{parameters.a}`])).toBeNull();
    expect(faultOf({ type: 'string', pattern: '(?P<name>x)' }, 'y')).toBeNull();
  });

  it('draws what may be null as what it is otherwise', () => {
    const schema = {
      anyOf: [{ type: 'integer', minimum: 1 }, { type: 'null' }],
      default: null,
      title: 'Seed',
    };
    expect(controlOf(schema)).toBe('integer');
    expect(plainSchema(schema)).toMatchObject({ title: 'Seed', minimum: 1, type: ['integer', 'null'] });
    expect(faultOf(schema, null)).toBeNull();
    expect(faultOf(schema, 0)?.code).toBe('small');
  });

  it('reads lists as they are typed', () => {
    const numbers = { type: 'array', items: { type: 'integer' } };
    expect(listValue(numbers, '8, 11，12 x')).toEqual([8, 11, 12, 'x']);
    expect(listValue({ type: 'array', items: { type: 'string' } }, 'red, dark\n\nblue ')).toEqual([
      'red, dark',
      'blue',
    ]);
  });

  it('gives objects fields of their own, and keeps the types of choices', async () => {
    const changed = vi.fn();
    const schema = {
      type: 'object',
      properties: {
        size: { enum: [160, 320], title: 'Size' },
        flips: { type: 'array', items: { enum: [1, 2] } },
      },
    };
    render(<SchemaField name="images" schema={schema} value={{ flips: [2] }} onChange={changed} />);
    await userEvent.click(screen.getByRole('button', { name: /Size/ }));
    await userEvent.click(screen.getByRole('option', { name: '320' }));
    expect(changed).toHaveBeenLastCalledWith({ flips: [2], size: 320 });
    await userEvent.click(screen.getByRole('checkbox', { name: '1' }));
    expect(changed).toHaveBeenLastCalledWith({ flips: [1, 2] });
  });

  it('shows what the server finds wrong at the field', () => {
    render(
      <SchemaField
        name="rate"
        schema={{ type: 'number' }}
        value={1}
        onChange={() => {}}
        problem="1 is odd."
      />,
    );
    expect(screen.getByText('1 is odd.')).toBeTruthy();
  });
});
