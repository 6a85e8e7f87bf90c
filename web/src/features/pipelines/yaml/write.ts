/** Plain values as YAML: block style, text that any YAML could misread in quotes, keys in the order they come. */

const PLAIN = /^[A-Za-z_/.$\u3400-\u9fff][^\n\t"'#:{}[\],&*!|>%@`]*$/u;
const WORDS = /^(?:true|false|null|yes|no|on|off|~)$/i;
const NUMBER = /^[-+]?(?:\.?[0-9][0-9_.,:eExXoO+-]*|\.(?:inf|nan))$/i;
/** Objects that read better on one line. */
const MAX_INLINE = 100;

export function writeYaml(value: unknown): string {
  const text = block(value, 0);
  return text.startsWith('\n') ? text.slice(1) : `${text.trimStart()}\n`;
}

function block(value: unknown, depth: number): string {
  const pad = '  '.repeat(depth);
  if (Array.isArray(value)) {
    if (value.length === 0) return ' []';
    return `\n${value.map((item) => listItem(item, pad, depth)).join('')}`;
  }
  if (isObject(value)) {
    const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
    if (entries.length === 0) return ' {}';
    return `\n${entries.map(([key, inner]) => `${pad}${field(key, inner, depth)}`).join('')}`;
  }
  return ` ${scalar(value, depth)}`;
}

function field(key: string, value: unknown, depth: number): string {
  const inline = inlined(value);
  if (inline !== null && isObject(value)) return `${scalar(key, depth)}: ${inline}\n`;
  const text = block(value, depth + 1);
  return text.endsWith('\n') ? `${scalar(key, depth)}:${text}` : `${scalar(key, depth)}:${text}\n`;
}

function listItem(item: unknown, pad: string, depth: number): string {
  const inline = inlined(item);
  if (inline !== null) return `${pad}- ${inline}\n`;
  const text = block(item, depth + 1);
  return `${pad}-${text.startsWith('\n') ? ` ${text.slice(1 + pad.length + 2)}` : `${text}\n`}`;
}

/** The value on one line, when it is small and flat; null when it deserves a block. */
function inlined(value: unknown): string | null {
  if (!isObject(value)) return Array.isArray(value) || typeof value === 'string' ? null : scalar(value, 0);
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  if (entries.length === 0 || entries.length > 3 || 'id' in value || 'type' in value) return null;
  if (entries.some(([, inner]) => typeof inner === 'object' || String(inner).includes('\n'))) return null;
  const text = `{${entries.map(([key, inner]) => `${flowScalar(key)}: ${flowScalar(inner)}`).join(', ')}}`;
  return text.length <= MAX_INLINE ? text : null;
}

function flowScalar(value: unknown): string {
  const text = scalar(value, 0);
  return typeof value === 'string' && /[,{}[\]]/.test(text) && !/^['"]/.test(text) ? quoted(value) : text;
}

function scalar(value: unknown, depth: number): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const text = String(value);
  if (text.includes('\n') && !/[^\S\n]\n|^\s|\n\s/.test(text) && isPrintable(text)) {
    const pad = '  '.repeat(Math.max(depth, 1));
    const keep = text.endsWith('\n') ? '' : '-';
    const lines = (keep ? text : text.slice(0, -1)).split('\n');
    if (!text.endsWith('\n\n'))
      return `|${keep}\n${lines.map((line) => (line ? pad + line : '')).join('\n')}`;
  }
  const isPlain = PLAIN.test(text) && !WORDS.test(text) && !NUMBER.test(text) && !/\s$/.test(text);
  return isPlain ? text : quoted(text);
}

function isPrintable(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return !/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff]/.test(text);
}

function quoted(text: string): string {
  if (!text.includes("'") && !text.includes('\n') && isPrintable(text)) return `'${text}'`;
  return JSON.stringify(text).replace(/[\u007f-\u009f\u2028\u2029\ufeff]/g, (found) => {
    return `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
