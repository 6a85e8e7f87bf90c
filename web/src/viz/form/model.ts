/** Rules of a form made from a JSON Schema: which control a property gets, and whether a value fits it. */

import type { Schema } from '@/viz/graph/schema';
import { type Fault, schemaFault } from './check';
import { isEqual } from './equal';

export type { Fault } from './check';

export type Control =
  | 'integer'
  | 'number'
  | 'boolean'
  | 'choice'
  | 'choices'
  | 'dataset'
  | 'model'
  | 'text'
  /** Numbers between commas, or texts one a line. */
  | 'list'
  /** Fields of its own. */
  | 'group'
  /** Nothing to choose: the one value that is allowed. */
  | 'fixed'
  | 'json';

/** The schema that a form goes by: what `$ref` names in its place, and what is beside `null` where either may stand. */
export function plainSchema(schema: Schema): Schema {
  const ready = plain.get(schema);
  if (ready) return ready;
  const made = madePlain(schema);
  plain.set(schema, made);
  return made;
}

const plain = new WeakMap<Schema, Schema>();

function madePlain(schema: Schema): Schema {
  const { $ref, $defs } = schema as { $ref?: unknown; $defs?: Record<string, Schema> };
  const named = typeof $ref === 'string' ? /^#\/\$defs\/([^/]+)$/.exec($ref)?.[1] : undefined;
  const target = named === undefined ? undefined : $defs?.[named];
  if (target) {
    const { $ref: _, ...own } = schema;
    return plainSchema({ ...target, ...own, $defs });
  }
  const either = schema.anyOf ?? (schema.oneOf as Schema[] | undefined);
  const others = either?.filter(({ type }) => type !== 'null');
  if (either && others?.length === 1 && others.length < either.length) {
    const { anyOf: _, oneOf: __, ...own } = schema;
    const only = others[0] as Schema;
    const type = [only.type ?? [], 'null'].flat();
    return plainSchema({ ...only, ...own, type, $defs });
  }
  return schema;
}

/** A schema inside another, with the definitions that its references may name. */
export function withDefinitions(inner: Schema, outer: Schema): Schema {
  const $defs = (outer as { $defs?: unknown }).$defs;
  return $defs === undefined || !JSON.stringify(inner).includes('"$ref"') ? inner : { $defs, ...inner };
}

/** Whether the value may be `null`. */
export function isNullable(schema: Schema): boolean {
  return [plainSchema(schema).type].flat().includes('null');
}

export interface Choice {
  value: unknown;
  /** As the schema titles it; a text by language too. */
  title?: Schema['title'];
}

/** The values that may be chosen, where the schema lists them: in `enum`, or as titled constants. */
export function choicesOf(schema: Schema): Choice[] | null {
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => ({ value }));
  const listed = (schema.oneOf ?? schema.anyOf) as Schema[] | undefined;
  if (!listed?.length || listed.some((each) => each.const === undefined)) return null;
  return listed.map((each) => ({ value: each.const, title: each.title }));
}

export function controlOf(given: Schema): Control {
  const schema = plainSchema(given);
  if (schema['x-kpl'] === 'dataset' || schema['x-kpl'] === 'model') return schema['x-kpl'];
  if (schema.const !== undefined) return 'fixed';
  if (choicesOf(schema)) return 'choice';
  const type = [schema.type].flat().find((each) => each !== 'null');
  switch (type) {
    case 'integer':
    case 'number':
    case 'boolean':
      return type;
    case 'array':
      return arrayControl(schema);
    case 'object':
      return schema.properties && Object.keys(schema.properties).length > 0 ? 'group' : 'json';
    case 'string':
      return 'text';
    default:
      return typeof schema.default === 'number'
        ? 'number'
        : typeof schema.default === 'boolean'
          ? 'boolean'
          : typeof schema.default === 'object' && schema.default !== null
            ? 'json'
            : 'text';
  }
}

function arrayControl({ items, prefixItems }: Schema): Control {
  if (prefixItems !== undefined || typeof items !== 'object') return 'json';
  if (Array.isArray(items.enum)) return 'choices';
  return items.type === 'integer' || items.type === 'number' || items.type === 'string' ? 'list' : 'json';
}

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
