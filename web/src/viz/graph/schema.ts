/** JSON Schemas of parameters: what they say, in the reader's language. */

export type Texts = Record<string, string>;

/** A JSON Schema as algorithms and pipelines use it: the keywords that a form knows, and whatever else it carries. */
export interface Schema {
  type?: string | string[];
  title?: string | Texts;
  description?: string | Texts;
  default?: unknown;
  enum?: unknown[];
  const?: unknown;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  multipleOf?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  items?: Schema;
  anyOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  'x-kpl'?: string;
  'x-advanced'?: boolean;
  [key: string]: unknown;
}

/** A text in the reader's language, else in English, else in any. */
export function textOf(texts: Texts | string | undefined, language: string): string {
  if (texts === undefined) return '';
  if (typeof texts === 'string') return texts;
  return texts[language] ?? texts.en ?? Object.values(texts)[0] ?? '';
}

/**
 * The title of a parameter in the reader's language. Manifests may write both into one text, `Epochs 训练轮数`; the
 * part in the reader's script is taken.
 */
export function schemaTitle(name: string, schema: Schema | undefined, language: string): string {
  const title = schema?.title;
  if (title === undefined) return name;
  if (typeof title !== 'string') return textOf(title, language) || name;
  const first = /[\u3400-\u9fff]/.exec(title)?.index;
  if (first === undefined) return title;
  const [latin, han] = [title.slice(0, first).trim(), title.slice(first).trim()];
  return (language.startsWith('zh') ? han : latin) || title;
}

export interface Range {
  minimum?: number;
  maximum?: number;
  isMinimumExcluded: boolean;
  isMaximumExcluded: boolean;
}

export function rangeOf(schema: Schema): Range {
  return {
    minimum: schema.minimum ?? schema.exclusiveMinimum,
    maximum: schema.maximum ?? schema.exclusiveMaximum,
    isMinimumExcluded: schema.minimum === undefined && schema.exclusiveMinimum !== undefined,
    isMaximumExcluded: schema.maximum === undefined && schema.exclusiveMaximum !== undefined,
  };
}

/** A range as people write it: `1 – 10000`, `≥ 1`, `> 0`; empty when there is none. */
export function rangeText(schema: Schema): string {
  const { minimum, maximum, isMinimumExcluded, isMaximumExcluded } = rangeOf(schema);
  if (minimum === undefined && maximum === undefined) return '';
  if (maximum === undefined) return `${isMinimumExcluded ? '>' : '≥'} ${minimum}`;
  if (minimum === undefined) return `${isMaximumExcluded ? '<' : '≤'} ${maximum}`;
  return `${isMinimumExcluded ? '>' : ''}${minimum} – ${isMaximumExcluded ? '<' : ''}${maximum}`;
}
