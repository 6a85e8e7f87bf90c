import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packTar, paxRecord, wanted } from './tar';

test('the archive is one that tar reads, with long and foreign names', async () => {
  const long = `${'folder/'.repeat(20)}图片 1.png`;
  const blob = packTar([
    { path: 'b/2.txt', file: new Blob(['two']) },
    { path: long, file: new Blob(['x'.repeat(1000)]) },
    { path: 'a.txt', file: new Blob([]) },
  ]);
  const folder = mkdtempSync(join(tmpdir(), 'kpl-tar-'));
  writeFileSync(join(folder, 'a.tar'), new Uint8Array(await blob.arrayBuffer()));
  execFileSync('tar', ['-xf', 'a.tar'], { cwd: folder });
  expect(readFileSync(join(folder, 'b/2.txt'), 'utf8')).toBe('two');
  expect(readFileSync(join(folder, long), 'utf8')).toHaveLength(1000);
  expect(readFileSync(join(folder, 'a.txt'), 'utf8')).toBe('');
});

test('a record counts its own digits', () => {
  for (const length of [1, 80, 85, 86, 87, 88, 90, 980, 985, 990]) {
    const record = paxRecord('path', 'x'.repeat(length));
    expect(Number(record.split(' ')[0])).toBe(record.length);
  }
});

test('equal folders give equal bytes, whatever their order', async () => {
  const files = ['b', 'a', 'c'].map((path) => ({ path, file: new Blob([path]) }));
  const bytes = async (list: typeof files) => new Uint8Array(await packTar(list).arrayBuffer());
  expect(await bytes(files)).toEqual(await bytes([...files].reverse()));
});

test('what systems leave in folders is not sent', () => {
  const paths = ['a/.DS_Store', '.git/config', '__MACOSX/a', 'a/Thumbs.db', 'a/b.png'];
  expect(wanted(paths.map((path) => ({ path })))).toEqual([{ path: 'a/b.png' }]);
});
