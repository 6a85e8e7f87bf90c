import { expect, test } from 'vitest';
import { formatsOf, KINDS } from './layouts';

test('each kind offers to find out its layout, and none twice', () => {
  for (const kind of KINDS) {
    const formats = formatsOf(kind);
    expect(formats[0]).toBe('auto');
    expect(new Set(formats).size).toBe(formats.length);
    for (const format of formats) expect(formatsOf('auto')).toContain(format);
  }
});
