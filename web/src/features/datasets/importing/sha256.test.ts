import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { Sha256 } from './sha256';

test.each([0, 1, 55, 56, 63, 64, 65, 1000, 100_003])(
  '%d bytes have the digest that others compute',
  (size) => {
    const bytes = Uint8Array.from({ length: size }, (_, index) => (index * 31 + 7) % 256);
    const whole = createHash('sha256').update(bytes).digest('hex');
    expect(new Sha256().update(bytes).hex()).toBe(whole);
    const pieces = new Sha256();
    for (let at = 0; at < size; at += 97) pieces.update(bytes.subarray(at, at + 97));
    expect(pieces.hex()).toBe(whole);
  },
);
