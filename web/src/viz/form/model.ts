/** Rules of a form made from a JSON Schema: which control a property gets, and whether a value fits it. */

import type { Schema } from '@/viz/graph/schema';
import { type Fault, schemaFault } from './check';
import { controlOf, isNullable, plainSchema } from './control';
import { isEqual } from './equal';

export type { Fault } from './check';
export { choicesOf, controlOf, isNullable, plainSchema, withDefinitions } from './control';

/** A list as it is typed, and back: numbers between commas, texts one a line. What is no number stays as it was typed. */
export function listText(schema: Schema, value: unknown): string {
  const separator = schema.items?.type === 'string' ? '\n' : ', ';
  return Array.isArray(value) ? value.map(String).join(separator) : '';
}

export function listValue(schema: Schema, text: string): unknown[] {
  const isText = schema.items?.type === 'string';
  return text
    .split(isText ? '\n' : /[\s,，]+/)
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => (isText || !Number.isFinite(Number(part)) ? part : Number(part)));
}

/** What is wrong with a value; null when it fits. The server checks again, with the whole schema. */
export function faultOf(schema: Schema, value: unknown): Fault | null {
  if (value === null && isNullable(schema)) return null;
  if (value === undefined || value === null || value === '') {
    const { minLength, pattern } = plainSchema(schema);
    const mayBeEmpty = controlOf(schema) === 'text' && (minLength ?? 0) === 0 && !pattern;
    const isMissing = schema.default === undefined && !isNullable(schema) && !mayBeEmpty;
    return isMissing ? { code: 'required', limit: '', path: '' } : null;
  }
  return schemaFault(plainSchema(schema), value);
}

/** Whether a value is another than the default. */
export function isChanged(schema: Schema, value: unknown): boolean {
  return value !== undefined && !isEqual(value, schema.default);
}

/** The step of a number field: whole numbers by one, small ones by a tenth of their size. */
export function stepOf(schema: Schema): number {
  if (schema.multipleOf) return schema.multipleOf;
  if (controlOf(schema) === 'integer') return 1;
  const scale = Math.abs(Number(schema.default) || (schema.maximum ?? 1) / 10);
  return 10 ** Math.floor(Math.log10(scale || 0.1));
}

/** Which fields are folded away: everything that is marked so, else what is beyond the first eight; never what is `kept`. */
export function folded(
  properties: [string, Schema][],
  kept: (name: string) => boolean = () => false,
): {
  first: [string, Schema][];
  advanced: [string, Schema][];
} {
  const isMarked = properties.some(([, schema]) => schema['x-advanced'] !== undefined);
  const isAway = ([name, schema]: [string, Schema], place: number) =>
    !kept(name) && (isMarked ? schema['x-advanced'] === true : properties.length > 10 && place >= 8);
  return {
    first: properties.filter((each, place) => !isAway(each, place)),
    advanced: properties.filter(isAway),
  };
}

/** The values of a simple form: what was given, without what equals the default. */
export function givenOnly(
  parameters: Record<string, Schema>,
  values: Record<string, unknown>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).filter(
      ([name, value]) => value !== undefined && !isEqual(value, parameters[name]?.default),
    ),
  );
}
