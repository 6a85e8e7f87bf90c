/** Whether a value fits its JSON Schema, and in which words it does not. The server checks again; this says so while one types. */

import { type OutputUnit, Validator } from '@cfworker/json-schema';
import type { Schema } from '@/viz/graph/schema';

/** Words of the catalogue, `form.fault.*`. */
export const FAULT_CODES = [
  'required', 'number', 'integer', 'text', 'boolean', 'array', 'object', 'null', 'small', 'large', 'multiple', 'choice',
  'const', 'pattern', 'short', 'long', 'format', 'few', 'many', 'unique', 'contains', 'missing', 'unknown', 'depends',
  'fewNames', 'manyNames', 'names', 'none', 'json',
] as const; // biome-ignore format: one line of words reads better than one a line

export type FaultCode = (typeof FAULT_CODES)[number];

export interface Fault {
  code: FaultCode;
  limit: string;
  /** Where inside the value: `[0].name`; empty for all of it. */
  path: string;
}

/** What is wrong with a value; null when it fits. A value with bindings inside is left to the server. */
export function schemaFault(schema: Schema, value: unknown): Fault | null {
  if (JSON.stringify(value)?.includes('${parameters.')) return null;
  const validator = validatorOf(schema);
  if (!validator) return null;
  const { valid, errors } = validator.validate(value);
  if (valid) return null;
  const worst =
    errors.find(({ keyword }) => ALTERNATIVES.has(keyword)) ?? errors.find(({ keyword }) => CODES[keyword]);
  if (!worst) return { code: 'none', limit: '', path: '' };
  const path = pathOf(worst.instanceLocation);
  const inside = errors.find(({ keyword }) => keyword === 'false' || keyword === 'propertyNames');
  return { ...faultOf(schema, worst, inside), path };
}

const known = new WeakMap<Schema, Validator | null>();

/** Null where the schema itself cannot be read here: a pattern of another dialect, a reference to elsewhere. */
function validatorOf(schema: Schema): Validator | null {
  const ready = known.get(schema);
  if (ready !== undefined) return ready;
  let made: Validator | null = new Validator(structuredClone(schema) as object, '2020-12', false);
  try {
    made.validate(schema.default ?? '');
    for (const pattern of patternsOf(schema)) new RegExp(pattern, 'u').test('');
  } catch {
    made = null;
  }
  known.set(schema, made);
  return made;
}

function patternsOf(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'pattern' && typeof inner === 'string' ? [inner] : patternsOf(inner),
  );
}

/** Where several schemas may fit, what is wrong with each says less than that none does. */
const ALTERNATIVES = new Set(['anyOf', 'oneOf', 'not']);

const CODES: Record<string, FaultCode> = {
  type: 'text',
  enum: 'choice',
  const: 'const',
  minimum: 'small',
  exclusiveMinimum: 'small',
  maximum: 'large',
  exclusiveMaximum: 'large',
  multipleOf: 'multiple',
  minLength: 'short',
  maxLength: 'long',
  pattern: 'pattern',
  format: 'format',
  minItems: 'few',
  maxItems: 'many',
  uniqueItems: 'unique',
  contains: 'contains',
  minContains: 'contains',
  maxContains: 'contains',
  unevaluatedItems: 'many',
  required: 'missing',
  additionalProperties: 'unknown',
  unevaluatedProperties: 'unknown',
  propertyNames: 'names',
  dependentRequired: 'depends',
  minProperties: 'fewNames',
  maxProperties: 'manyNames',
  anyOf: 'none',
  oneOf: 'none',
  not: 'none',
};
const TYPES: Record<string, FaultCode> = { string: 'text' };
const SIGNS: Record<string, string> = {
  minimum: '≥ ',
  exclusiveMinimum: '> ',
  maximum: '≤ ',
  exclusiveMaximum: '< ',
};

function faultOf(schema: Schema, error: OutputUnit, inside: OutputUnit | undefined): Omit<Fault, 'path'> {
  const { keyword } = error;
  const code = CODES[keyword] ?? 'none';
  const limit = at(schema, error.keywordLocation);
  switch (keyword) {
    case 'type': {
      const type = String(Array.isArray(limit) ? limit.find((each) => each !== 'null') : limit);
      return { code: TYPES[type] ?? (type as FaultCode), limit: '' };
    }
    case 'required':
    case 'dependentRequired':
      return { code, limit: quoted(error.error).at(-1) ?? '' };
    case 'additionalProperties':
    case 'unevaluatedProperties':
    case 'propertyNames':
      return {
        code,
        limit:
          inside && keyword !== 'propertyNames'
            ? (pathOf(inside.instanceLocation).split('.').at(-1) ?? '')
            : (quoted(error.error)[0] ?? ''),
      };
    case 'enum':
      return { code, limit: (limit as unknown[]).map(String).join(', ') };
    case 'const':
      return { code, limit: typeof limit === 'string' ? limit : JSON.stringify(limit) };
    default:
      return {
        code,
        limit: typeof limit === 'object' ? '' : `${SIGNS[keyword] ?? ''}${String(limit ?? '')}`,
      };
  }
}

function quoted(text: string): string[] {
  return [...text.matchAll(/"([^"]*)"/g)].map((match) => match[1] as string);
}

/** What stands at a place of the schema, through references. */
function at(schema: Schema, location: string): unknown {
  let here: unknown = schema;
  for (const part of parts(location)) {
    const next: unknown = (here as Record<string, unknown> | undefined)?.[part];
    here = part === '$ref' && typeof next === 'string' ? at(schema, next) : next;
  }
  return here;
}

function parts(location: string): string[] {
  return location
    .split('/')
    .slice(1)
    .map((part) => decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~'));
}

function pathOf(location: string): string {
  return parts(location)
    .map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`))
    .join('')
    .replace(/^\./, '');
}
