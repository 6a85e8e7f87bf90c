/** Rules of a form made from a JSON Schema: which control a property gets, and whether a value fits it. */

import { rangeOf, type Schema } from '@/viz/graph/schema';

export type Control =
  | 'integer'
  | 'number'
  | 'boolean'
  | 'choice'
  | 'choices'
  | 'dataset'
  | 'model'
  | 'text'
  | 'json';

export function controlOf(schema: Schema): Control {
  if (schema['x-kpl'] === 'dataset' || schema['x-kpl'] === 'model') return schema['x-kpl'];
  if (Array.isArray(schema.enum)) return 'choice';
  const type = Array.isArray(schema.type) ? schema.type.find((each) => each !== 'null') : schema.type;
  switch (type) {
    case 'integer':
    case 'number':
    case 'boolean':
      return type;
    case 'array':
      return Array.isArray(schema.items?.enum) ? 'choices' : 'json';
    case 'object':
      return 'json';
    case 'string':
      return 'text';
    default:
      return typeof schema.default === 'number'
        ? 'number'
        : typeof schema.default === 'boolean'
          ? 'boolean'
          : 'text';
  }
}

export interface Fault {
  code:
    | 'required'
    | 'number'
    | 'integer'
    | 'small'
    | 'large'
    | 'choice'
    | 'pattern'
    | 'short'
    | 'long'
    | 'json';
  limit: string;
}

const fault = (code: Fault['code'], limit: unknown = ''): Fault => ({ code, limit: String(limit) });

/** What is wrong with a value; null when it fits. The server checks again, with the whole schema. */
export function faultOf(schema: Schema, value: unknown): Fault | null {
  if (value === undefined || value === null || value === '') {
    const mayBeEmpty = controlOf(schema) === 'text' && (schema.minLength ?? 0) === 0 && !schema.pattern;
    return schema.default === undefined && !mayBeEmpty ? fault('required') : null;
  }
  switch (controlOf(schema)) {
    case 'integer':
    case 'number':
      return numberFault(schema, value);
    case 'choice':
      return schema.enum?.includes(value) ? null : fault('choice', schema.enum?.join(', '));
    case 'text':
    case 'dataset':
    case 'model':
      return textFault(schema, String(value));
    default:
      return null;
  }
}

function numberFault(schema: Schema, value: unknown): Fault | null {
  if (typeof value !== 'number' || !Number.isFinite(value)) return fault('number');
  if (controlOf(schema) === 'integer' && !Number.isInteger(value)) return fault('integer');
  const { minimum, maximum, isMinimumExcluded, isMaximumExcluded } = rangeOf(schema);
  if (minimum !== undefined && (isMinimumExcluded ? value <= minimum : value < minimum)) {
    return fault('small', `${isMinimumExcluded ? '>' : '≥'} ${minimum}`);
  }
  if (maximum !== undefined && (isMaximumExcluded ? value >= maximum : value > maximum)) {
    return fault('large', `${isMaximumExcluded ? '<' : '≤'} ${maximum}`);
  }
  return null;
}

function textFault(schema: Schema, value: string): Fault | null {
  if (schema.minLength !== undefined && value.length < schema.minLength)
    return fault('short', schema.minLength);
  if (schema.maxLength !== undefined && value.length > schema.maxLength)
    return fault('long', schema.maxLength);
  if (schema.pattern && !matches(schema.pattern, value)) return fault('pattern', schema.pattern);
  return null;
}

function matches(pattern: string, value: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(value);
  } catch {
    return true; // a pattern of another dialect; the server knows
  }
}

/** The step of a number field: whole numbers by one, small ones by a tenth of their size. */
export function stepOf(schema: Schema): number {
  if (schema.multipleOf) return schema.multipleOf;
  if (controlOf(schema) === 'integer') return 1;
  const scale = Math.abs(Number(schema.default) || (schema.maximum ?? 1) / 10);
  return 10 ** Math.floor(Math.log10(scale || 0.1));
}

/** Which fields are folded away: everything that is marked so, else what is beyond the first eight. */
export function folded(properties: [string, Schema][]): {
  first: [string, Schema][];
  advanced: [string, Schema][];
} {
  if (properties.some(([, schema]) => schema['x-advanced'] !== undefined)) {
    return {
      first: properties.filter(([, schema]) => !schema['x-advanced']),
      advanced: properties.filter(([, schema]) => schema['x-advanced']),
    };
  }
  return properties.length > 10
    ? { first: properties.slice(0, 8), advanced: properties.slice(8) }
    : { first: properties, advanced: [] };
}

/** The values of a simple form: what was given, without what equals the default. */
export function givenOnly(
  parameters: Record<string, Schema>,
  values: Record<string, unknown>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).filter(
      ([name, value]) =>
        value !== undefined && JSON.stringify(value) !== JSON.stringify(parameters[name]?.default),
    ),
  );
}
