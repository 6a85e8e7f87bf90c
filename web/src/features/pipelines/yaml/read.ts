/**
 * The JSON-like core of YAML 1.2, as the server reads it: anchors, aliases, tags, repeated keys and a second document are
 * refused. What is wrong comes with its place and a word for the catalogue of texts.
 */

import {
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  Scalar,
  type YAMLError,
} from 'yaml';

/** Words of the catalogue, `yaml.faults.*`. */
export type FaultCode =
  | 'empty'
  | 'anchor'
  | 'tag'
  | 'twice'
  | 'key'
  | 'indent'
  | 'tab'
  | 'colon'
  | 'unclosed'
  | 'quote'
  | 'escape'
  | 'second'
  | 'number'
  | 'deep'
  | 'form';

export class YamlFault extends Error {
  /** Both count from 1. */
  readonly line: number;
  readonly column: number;
  readonly code: FaultCode;
  /** What stands there. */
  readonly found: string;

  constructor(code: FaultCode, at: { line: number; col: number }, found: string) {
    super(`${at.line}:${at.col}: ${code}: ${found}`);
    this.name = 'YamlFault';
    this.code = code;
    this.line = at.line;
    this.column = at.col;
    this.found = found;
  }
}

export interface YamlText {
  value: unknown;
  /** The line of each place, by its path as the server writes it: `nodes[3].parameters.lr`. Empty for JSON. */
  lines: ReadonlyMap<string, number>;
}

export function readYaml(text: string): YamlText {
  if (text.trimStart().startsWith('{')) {
    try {
      return { value: JSON.parse(text), lines: new Map() };
    } catch {
      // `{` also begins YAML in flow style; the reader below finds the better words.
    }
  }
  return new Reader(text).read();
}

const WORDS: Record<string, boolean | null> = {
  '': null, '~': null, null: null, Null: null, NULL: null,
  true: true, True: true, TRUE: true, false: false, False: false, FALSE: false,
}; // biome-ignore format: a table
const INTEGER = /^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$/;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const NOT_FINITE = /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const MAX_DEPTH = 48;
const SHOWN = 40;

class Reader {
  readonly #text: string;
  readonly #counter = new LineCounter();
  readonly #lines = new Map<string, number>();

  constructor(text: string) {
    this.#text = text;
  }

  read(): YamlText {
    // Everything is text at first (`failsafe`); what plain words mean is decided below, as the server does.
    const document = parseDocument(this.#text, {
      schema: 'failsafe',
      lineCounter: this.#counter,
      prettyErrors: false,
    });
    const [error] = document.errors;
    if (error) throw this.#fault(codeOf(error, this.#text), error.pos[0]);
    if (!document.contents || (isScalar(document.contents) && document.contents.source === ''))
      throw this.#fault('empty', 0);
    return { value: this.#value(document.contents, '', 0), lines: this.#lines };
  }

  #value(node: unknown, path: string, depth: number): unknown {
    const begin = beginOf(node);
    this.#lines.set(path, this.#counter.linePos(begin).line);
    if (depth > MAX_DEPTH) throw this.#fault('deep', begin);
    if (isAlias(node)) throw this.#fault('anchor', begin);
    const { anchor, tag } = node as { anchor?: string; tag?: string };
    if (anchor) throw this.#fault('anchor', begin, `&${anchor}`);
    if (tag) throw this.#fault('tag', begin, tag);
    if (isMap(node)) return this.#mapping(node.items, path, depth);
    if (isSeq(node))
      return node.items.map((item, index) => this.#value(item, `${path}[${index}]`, depth + 1));
    return isScalar(node) ? this.#scalar(node, begin) : null;
  }

  #mapping(items: unknown[], path: string, depth: number): Record<string, unknown> {
    const values: [string, unknown][] = [];
    for (const item of items) {
      if (!isPair(item)) continue;
      const begin = beginOf(item.key);
      if (!isScalar(item.key)) throw this.#fault('key', begin);
      if (item.key.anchor) throw this.#fault('anchor', begin, `&${item.key.anchor}`);
      if (item.key.tag) throw this.#fault('tag', begin, item.key.tag);
      const name = String(item.key.value ?? '');
      const at = path ? `${path}.${name}` : name;
      values.push([name, item.value === null ? null : this.#value(item.value, at, depth + 1)]);
      // The line of the key: that is where one looks for it.
      this.#lines.set(at, this.#counter.linePos(begin).line);
    }
    return Object.fromEntries(values);
  }

  #scalar(scalar: Scalar, begin: number): unknown {
    const text = String(scalar.value ?? '');
    if (scalar.type !== Scalar.PLAIN && scalar.type !== undefined) return text;
    if (Object.hasOwn(WORDS, text)) return WORDS[text];
    const isInteger = INTEGER.test(text);
    if (!isInteger && !FLOAT.test(text)) {
      if (NOT_FINITE.test(text)) throw this.#fault('number', begin, text);
      return text;
    }
    const number = Number(text);
    if (isInteger ? !Number.isSafeInteger(number) : !Number.isFinite(number))
      throw this.#fault('number', begin, text);
    return number;
  }

  #fault(code: FaultCode, offset: number, found?: string): YamlFault {
    const at = this.#counter.linePos(Math.min(offset, this.#text.length));
    const rest = this.#text.slice(offset, offset + SHOWN).split('\n')[0] ?? '';
    return new YamlFault(
      code,
      { line: Math.max(at.line, 1), col: Math.max(at.col, 1) },
      found ?? rest.trim(),
    );
  }
}

function beginOf(node: unknown): number {
  return (node as { range?: readonly number[] | null } | null)?.range?.[0] ?? 0;
}

/** Codes of the library, some of which are several things, as words of ours. */
function codeOf({ code, message, pos }: YAMLError, text: string): FaultCode {
  switch (code) {
    case 'DUPLICATE_KEY':
      return 'twice';
    case 'TAB_AS_INDENT':
      return 'tab';
    case 'BAD_INDENT':
      return /end with a/.test(message) ? 'unclosed' : 'indent';
    case 'MULTIPLE_DOCS':
      return 'second';
    case 'BLOCK_AS_IMPLICIT_KEY':
      // `a: b: c` on one line, else a key that is indented below a value.
      return /^[^\n]*:\s*[^\n]*:(?:\s|$)/.test(text.slice(text.lastIndexOf('\n', pos[0]) + 1))
        ? 'quote'
        : 'indent';
    case 'MISSING_CHAR':
      return /[Cc]losing|end with/.test(message)
        ? 'unclosed'
        : /map values|followed by/.test(message)
          ? 'colon'
          : 'form';
    case 'BAD_SCALAR_START':
      return 'quote';
    case 'BAD_DQ_ESCAPE':
      return 'escape';
    case 'BAD_ALIAS':
    case 'MULTIPLE_ANCHORS':
    case 'ALIAS_PROPS':
      return 'anchor';
    case 'TAG_RESOLVE_FAILED':
    case 'MULTIPLE_TAGS':
      return 'tag';
    case 'NON_STRING_KEY':
    case 'KEY_OVER_1024_CHARS':
    case 'MULTILINE_IMPLICIT_KEY':
      return 'key';
    default:
      return 'form';
  }
}

/** The line that a problem of the server is about: of its path, else of the nearest place around it; null in JSON. */
export function lineOf(
  lines: ReadonlyMap<string, number>,
  nodeIds: readonly string[],
  path: string,
): number | null {
  let at = path;
  const named = /^nodes\.([^.[]+)/.exec(path);
  if (named) {
    const index = nodeIds.indexOf(named[1] as string);
    if (index >= 0) at = `nodes[${index}]${path.slice(named[0].length)}`;
  }
  while (at !== '') {
    const line = lines.get(at);
    if (line !== undefined) return line;
    at = at.replace(/(?:\.[^.[]*|\[\d+\]|^[^.[]+)$/, '');
  }
  return null;
}
