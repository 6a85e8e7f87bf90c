/** A file with its path in the archive. */
export interface Entry {
  path: string;
  file: Blob;
}

const BLOCK = 512;
const encoder = new TextEncoder();

/**
 * Packs files into a tar (POSIX pax), in order of path, so that equal folders give equal bytes. The result refers
 * to the files and holds no copy of them.
 */
export function packTar(entries: Entry[]): Blob {
  const parts: BlobPart[] = [];
  for (const { path, file } of [...entries].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    const isPlain = encoder.encode(path).length === path.length && path.length <= 100;
    if (!isPlain) {
      const record = encoder.encode(paxRecord('path', path));
      parts.push(header('pax', record.length, 'x'), record, padding(record.length));
    }
    parts.push(header(isPlain ? path : 'long', file.size, '0'), file, padding(file.size));
  }
  parts.push(new Uint8Array(2 * BLOCK));
  return new Blob(parts, { type: 'application/x-tar' });
}

/** `LENGTH key=value\n`, where the length counts its own digits. */
export function paxRecord(key: string, value: string): string {
  const body = ` ${key}=${value}\n`;
  const size = encoder.encode(body).length;
  let length = size + String(size).length;
  if (String(length).length + size !== length) length = size + String(length).length;
  return `${length}${body}`;
}

function header(name: string, size: number, type: '0' | 'x'): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(BLOCK);
  const write = (text: string, at: number) => block.set(encoder.encode(text), at);
  write(name, 0);
  write('0000644\0', 100);
  write('0000000\0', 108);
  write('0000000\0', 116);
  write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  write('00000000000\0', 136);
  write('        ', 148);
  write(type, 156);
  write('ustar\x0000', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

function padding(size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array((BLOCK - (size % BLOCK)) % BLOCK);
}

const IGNORED = /(^|\/)(\.|__MACOSX\/|Thumbs\.db$|desktop\.ini$)/;

/** What is worth sending: no hidden files, nor those that systems leave in folders. */
export function wanted<T extends { path: string }>(entries: T[]): T[] {
  return entries.filter(({ path }) => !IGNORED.test(path));
}

const ARCHIVE = /\.(zip|tar|tgz|tar\.gz)$/i;

/** A single archive goes as it is; anything else is packed. */
export function archiveOf(
  files: { path: string; file: File }[],
  name: string,
): { blob: Blob; filename: string } {
  const only = files.length === 1 ? files[0] : undefined;
  if (only && ARCHIVE.test(only.file.name)) return { blob: only.file, filename: only.file.name };
  return { blob: packTar(wanted(files)), filename: `${name}.tar` };
}
