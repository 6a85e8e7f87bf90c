/** Which control a property of a JSON Schema gets in a form. */

import type { Schema } from '@/viz/graph/schema';

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
