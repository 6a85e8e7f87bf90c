/**
 * The JSON-like core of YAML 1.2, as the server reads it: block and flow style, plain and quoted text, literal and folded
 * blocks, comments. Anchors, aliases, tags, repeated keys and a second document are refused, with the line.
 */

export class YamlError extends Error {
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.name = 'YamlError';
    this.line = line;
  }
}

export function readYaml(text: string): unknown {
  if (text.trimStart().startsWith('{')) {
    try {
      return JSON.parse(text);
    } catch {
      // `{` also begins YAML in flow style; the reader below finds the better words.
    }
  }
  return new Reader(text).read();
}

interface Line {
  number: number;
  indent: number;
  text: string;
}

const INTEGER = /^[-+]?[0-9]+$/;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const KEY = /^(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s"'#[\]{},&*!|>%@`-][^#]*?|-[^\s#][^#]*?)\s*:(?=\s|$)/;

class Reader {
  readonly #raw: string[];
  #at = 0;

  constructor(text: string) {
    this.#raw = text.replace(/^\ufeff/, '').split(/\r?\n/);
  }

  read(): unknown {
    const first = this.#peek();
    if (!first) throw new YamlError(1, 'The text is empty.');
    if (first.text === '---') this.#at = first.number;
    const begin = this.#peek();
    if (!begin) throw new YamlError(1, 'The text is empty.');
    const value = this.#block(begin.indent);
    const rest = this.#peek();
    if (rest?.text === '---') throw new YamlError(rest.number, 'A second document begins here.');
    if (rest)
      throw new YamlError(rest.number, 'This line is indented in a way that belongs to nothing above it.');
    return value;
  }

  /** The next line that holds something; its number counts from 1 and is the index of the line after it. */
  #peek(): Line | undefined {
    for (let index = this.#at; index < this.#raw.length; index += 1) {
      const raw = this.#raw[index] as string;
      const text = raw.trimStart();
      if (text === '' || text.startsWith('#')) continue;
      const indent = raw.length - text.length;
      if (raw.slice(0, indent).includes('\t'))
        throw new YamlError(index + 1, 'Indent with spaces, not tabs.');
      return { number: index + 1, indent, text: text.trimEnd() };
    }
    return undefined;
  }

  #block(indent: number): unknown {
    const line = this.#peek();
    if (!line || line.indent < indent) return null;
    if (isItem(line.text)) return this.#list(line.indent);
    if (KEY.test(line.text)) return this.#mapping(line.indent);
    this.#at = line.number;
    return this.#value(line.text, line.number, line.indent);
  }

  #list(indent: number): unknown[] {
    const items: unknown[] = [];
    for (let line = this.#peek(); line && line.indent === indent && isItem(line.text); line = this.#peek()) {
      const rest = line.text.slice(1).trimStart();
      const inner = indent + line.text.length - rest.length;
      if (rest === '' || rest.startsWith('#')) {
        this.#at = line.number;
        items.push(this.#nested(indent + 1));
      } else if (isItem(rest) || KEY.test(rest)) {
        this.#raw[line.number - 1] = `${' '.repeat(inner)}${rest}`;
        items.push(this.#block(inner));
      } else {
        this.#at = line.number;
        items.push(this.#value(rest, line.number, indent));
      }
    }
    return items;
  }

  #mapping(indent: number): Record<string, unknown> {
    const values: Record<string, unknown> = {};
    for (let line = this.#peek(); line && line.indent === indent; line = this.#peek()) {
      const found = KEY.exec(line.text);
      if (line.text === '---') break;
      if (!found)
        throw new YamlError(
          line.number,
          `A key with a colon is expected here, not '${line.text.slice(0, 40)}'.`,
        );
      const key = String(this.#scalar(found[0].replace(/\s*:$/, ''), line.number, true));
      if (Object.hasOwn(values, key)) throw new YamlError(line.number, `The key '${key}' stands twice.`);
      const rest = line.text.slice(found[0].length).trim();
      this.#at = line.number;
      const isEmpty = rest === '' || rest.startsWith('#');
      values[key] = isEmpty ? this.#afterKey(indent) : this.#value(rest, line.number, indent);
    }
    return values;
  }

  #afterKey(indent: number): unknown {
    const next = this.#peek();
    // A list under a key may stand at the indentation of the key.
    if (next && next.indent === indent && isItem(next.text)) return this.#list(indent);
    return this.#nested(indent + 1);
  }

  #nested(least: number): unknown {
    const next = this.#peek();
    return next && next.indent >= least ? this.#block(next.indent) : null;
  }

  #value(text: string, number: number, indent: number): unknown {
    const marker = /^([|>])([+-]?)\s*(?:#.*)?$/.exec(text);
    if (marker) return this.#literal(indent, marker[1] === '>', marker[2] ?? '');
    if (/^[[{"']/.test(text)) return this.#flow(text, number);
    // Plain text may go on in lines that are indented deeper.
    let whole = withoutComment(text);
    for (let next = this.#peek(); next && next.indent > indent; next = this.#peek()) {
      if (KEY.test(next.text)) throw new YamlError(next.number, 'This key is indented under a value.');
      whole += ` ${withoutComment(next.text)}`;
      this.#at = next.number;
    }
    return this.#scalar(whole, number, false);
  }

  #literal(indent: number, isFolded: boolean, chomp: string): string {
    const lines: string[] = [];
    let own = -1;
    for (; this.#at < this.#raw.length; this.#at += 1) {
      const raw = this.#raw[this.#at] as string;
      const depth = raw.length - raw.trimStart().length;
      if (raw.trim() !== '' && depth <= indent) break;
      if (own < 0 && raw.trim() !== '') own = depth;
      lines.push(raw.slice(Math.max(own, 0)));
    }
    while (lines.length > 0 && lines.at(-1)?.trim() === '') lines.pop();
    const text = isFolded ? lines.join('\n').replace(/([^\n])\n(?!\n)/g, '$1 ') : lines.join('\n');
    return chomp === '-' || lines.length === 0 ? text : `${text}\n`;
  }

  /** A value in brackets, braces or quotes; it may run over several lines. */
  #flow(text: string, number: number): unknown {
    let whole = text;
    for (;;) {
      const parser = new Flow(whole, number, (word) => this.#scalar(word, number, false));
      const value = parser.value();
      if (!parser.isCut) {
        const rest = whole.slice(parser.at).trim();
        if (rest !== '' && !rest.startsWith('#'))
          throw new YamlError(number, `'${rest.slice(0, 40)}' follows a value that had ended.`);
        return value;
      }
      if (this.#at >= this.#raw.length)
        throw new YamlError(number, 'A bracket or quote that begins here is not closed.');
      whole += ` ${(this.#raw[this.#at] as string).trim()}`;
      this.#at += 1;
    }
  }

  #scalar(text: string, number: number, isKey: boolean): unknown {
    if (/^["']/.test(text)) return new Flow(text, number, (word) => word).value();
    if (/^[&*!]/.test(text))
      throw new YamlError(number, 'Anchors, aliases and tags are not allowed; write the value out.');
    if (/^[%@`]/.test(text))
      throw new YamlError(number, `Text may not begin with '${text[0]}'; put it in quotes.`);
    if (isKey) return text;
    if (/^(?:~|null|Null|NULL|)$/.test(text)) return null;
    if (/^(?:true|True|TRUE)$/.test(text)) return true;
    if (/^(?:false|False|FALSE)$/.test(text)) return false;
    if (INTEGER.test(text) || FLOAT.test(text)) return Number(text);
    if (/:(?:\s|$)/.test(text))
      throw new YamlError(number, 'A value with a colon and a space must be in quotes.');
    return text;
  }
}

function isItem(text: string): boolean {
  return text === '-' || text.startsWith('- ');
}

function withoutComment(text: string): string {
  return text.replace(/\s+#.*$/, '').trimEnd();
}

const ESCAPES: Record<string, string> = {
  n: '\n', t: '\t', r: '\r', '0': '\0', b: '\b', f: '\f', '"': '"', '\\': '\\', '/': '/', ' ': ' ', N: '\u0085',
  _: '\u00a0', L: '\u2028', P: '\u2029', e: '\u001b', a: '\u0007', v: '\v',
}; // biome-ignore format: a table

class Flow {
  at = 0;
  isCut = false;
  readonly #text: string;
  readonly #line: number;
  readonly #plain: (word: string) => unknown;

  constructor(text: string, line: number, plain: (word: string) => unknown) {
    this.#text = text;
    this.#line = line;
    this.#plain = plain;
  }

  value(): unknown {
    this.#skip();
    const first = this.#text[this.at];
    if (first === undefined) return this.#cut();
    if (first === '{') return this.#mapping();
    if (first === '[') return this.#list();
    if (first === '"' || first === "'") return this.#quoted(first);
    return this.#plain(this.#word());
  }

  #mapping(): Record<string, unknown> {
    const values: Record<string, unknown> = {};
    this.at += 1;
    for (;;) {
      this.#skip();
      const next = this.#text[this.at];
      if (next === undefined) return this.#cut(values);
      if (next === '}') break;
      const key = next === '"' || next === "'" ? this.#quoted(next) : this.#word(true);
      this.#skip();
      if (this.#text[this.at] === undefined) return this.#cut(values);
      if (this.#text[this.at] !== ':') throw new YamlError(this.#line, `A colon is expected after '${key}'.`);
      if (Object.hasOwn(values, key)) throw new YamlError(this.#line, `The key '${key}' stands twice.`);
      this.at += 1;
      values[key] = this.value();
      if (this.isCut || !this.#comma('}')) return this.isCut ? values : this.#closed(values);
    }
    return this.#closed(values);
  }

  #list(): unknown[] {
    const values: unknown[] = [];
    this.at += 1;
    for (;;) {
      this.#skip();
      const next = this.#text[this.at];
      if (next === undefined) return this.#cut(values);
      if (next === ']') break;
      values.push(this.value());
      if (this.isCut || !this.#comma(']')) return this.isCut ? values : this.#closed(values);
    }
    return this.#closed(values);
  }

  #closed<T>(values: T): T {
    this.at += 1;
    return values;
  }

  /** Step over a comma; false at the closing bracket. */
  #comma(close: string): boolean {
    this.#skip();
    const next = this.#text[this.at];
    if (next === undefined) {
      this.isCut = true;
      return false;
    }
    if (next === close) return false;
    if (next !== ',')
      throw new YamlError(
        this.#line,
        `A comma or '${close}' is expected before '${this.#text.slice(this.at, this.at + 20)}'.`,
      );
    this.at += 1;
    return true;
  }

  #quoted(quote: string): string {
    let text = '';
    for (let index = this.at + 1; index < this.#text.length; index += 1) {
      const next = this.#text[index] as string;
      if (quote === '"' && next === '\\') {
        const code = this.#text[index + 1] as string;
        const digits = { x: 2, u: 4, U: 8 }[code];
        if (digits)
          text += String.fromCodePoint(Number.parseInt(this.#text.slice(index + 2, index + 2 + digits), 16));
        else if (ESCAPES[code] !== undefined) text += ESCAPES[code];
        else throw new YamlError(this.#line, `'\\${code}' is not an escape.`);
        index += 1 + (digits ?? 0);
      } else if (next === quote) {
        if (quote === "'" && this.#text[index + 1] === "'") {
          text += "'";
          index += 1;
          continue;
        }
        this.at = index + 1;
        return text;
      } else text += next;
    }
    this.isCut = true;
    return text;
  }

  #word(isKey = false): string {
    const end = isKey ? /\s*(?::(?=\s|$)|[,{}[\]])/g : /\s*(?:[,{}[\]]|\s#|$)/g;
    // `${parameters.x}` is one word though it holds braces.
    let from = this.at;
    while (this.#text.startsWith('${', from)) {
      const close = this.#text.indexOf('}', from);
      if (close < 0) break;
      from = close + 1;
    }
    end.lastIndex = from;
    const found = end.exec(this.#text);
    const stop = found ? found.index : this.#text.length;
    const word = this.#text.slice(this.at, stop).trim();
    this.at = stop;
    return word;
  }

  #skip(): void {
    while (/\s/.test(this.#text[this.at] ?? 'x')) this.at += 1;
  }

  #cut<T>(value?: T): T {
    this.isCut = true;
    return value as T;
  }
}
