import { expect, test } from 'vitest';

type Texts = { [key: string]: string | Texts };
const files = import.meta.glob<Texts>('./{en,zh}/*.json', { eager: true, import: 'default' });

/** Paths of all texts; a plural's forms count as one, for languages have different numbers of them. */
function keysOf(texts: Texts, prefix = ''): string[] {
  return Object.entries(texts).flatMap(([key, value]) =>
    typeof value === 'string'
      ? [prefix + key.replace(/_(zero|one|two|few|many|other)$/, '')]
      : keysOf(value, `${prefix}${key}.`),
  );
}

const names = [...new Set(Object.keys(files).map((path) => path.split('/')[2] as string))];

test.each(names)('%s has the same texts in both languages', (name) => {
  const keys = (language: string) => [...new Set(keysOf(files[`./${language}/${name}`] ?? {}))].sort();
  expect(keys('zh')).toEqual(keys('en'));
});

/** The holes of a text, as in `{{count}}`. */
function holesOf(texts: Texts, prefix = ''): Map<string, string[]> {
  const holes = new Map<string, string[]>();
  for (const [key, value] of Object.entries(texts)) {
    if (typeof value !== 'string')
      for (const [path, names] of holesOf(value, `${prefix}${key}.`)) holes.set(path, names);
    else holes.set(prefix + key, [...value.matchAll(/\{\{(\w+)/g)].map((match) => match[1] as string).sort());
  }
  return holes;
}

test.each(names)('%s fills the same holes in both languages', (name) => {
  const en = holesOf(files[`./en/${name}`] ?? {});
  for (const [key, names] of holesOf(files[`./zh/${name}`] ?? {}))
    expect([key, names]).toEqual([key, en.get(key)]);
});

test.each(names)('no text of %s is empty', (name) => {
  for (const language of ['en', 'zh'])
    expect(JSON.stringify(files[`./${language}/${name}`])).not.toMatch(/:""/);
});
