const K = new Uint32Array(64);
const START = new Uint32Array(8);

// The constants are the first 32 bits of the fractional parts of roots of the first primes, see FIPS 180-4.
for (let candidate = 2, found = 0; found < 64; candidate += 1) {
  let isPrime = true;
  for (let factor = 2; factor * factor <= candidate; factor += 1) isPrime &&= candidate % factor !== 0;
  if (!isPrime) continue;
  K[found] = (Math.cbrt(candidate) % 1) * 2 ** 32;
  if (found < 8) START[found] = (Math.sqrt(candidate) % 1) * 2 ** 32;
  found += 1;
}

/** SHA-256 of bytes that come in pieces; the browser's own cannot take a file larger than memory. */
export class Sha256 {
  #state = START.slice();
  #block = new Uint8Array(64);
  #words = new Uint32Array(64);
  #filled = 0;
  #length = 0;

  update(bytes: Uint8Array): this {
    this.#length += bytes.length;
    let at = 0;
    while (at < bytes.length) {
      const taken = Math.min(64 - this.#filled, bytes.length - at);
      this.#block.set(bytes.subarray(at, at + taken), this.#filled);
      this.#filled += taken;
      at += taken;
      if (this.#filled === 64) {
        this.#mix();
        this.#filled = 0;
      }
    }
    return this;
  }

  /** The digest in hex. Nothing can be added after. */
  hex(): string {
    const bits = this.#length * 8;
    const pad = new Uint8Array((this.#filled < 56 ? 56 : 120) - this.#filled + 8);
    pad[0] = 0x80;
    const view = new DataView(pad.buffer);
    view.setUint32(pad.length - 8, Math.floor(bits / 2 ** 32));
    view.setUint32(pad.length - 4, bits % 2 ** 32);
    this.update(pad);
    return [...this.#state].map((word) => word.toString(16).padStart(8, '0')).join('');
  }

  #mix(): void {
    const w = this.#words;
    const block = this.#block;
    for (let i = 0; i < 16; i += 1) {
      const j = i * 4;
      w[i] =
        ((block[j] as number) << 24) |
        ((block[j + 1] as number) << 16) |
        ((block[j + 2] as number) << 8) |
        (block[j + 3] as number);
    }
    for (let i = 16; i < 64; i += 1) {
      const x = w[i - 15] as number;
      const y = w[i - 2] as number;
      const s0 = turn(x, 7) ^ turn(x, 18) ^ (x >>> 3);
      const s1 = turn(y, 17) ^ turn(y, 19) ^ (y >>> 10);
      w[i] = ((w[i - 16] as number) + s0 + (w[i - 7] as number) + s1) | 0;
    }
    const s = this.#state;
    let [a, b, c, d, e, f, g, h] = s as unknown as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    for (let i = 0; i < 64; i += 1) {
      const s1 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25);
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + (K[i] as number) + (w[i] as number)) | 0;
      const s0 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22);
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + t2) | 0;
    }
    const sums = [a, b, c, d, e, f, g, h];
    for (let i = 0; i < 8; i += 1) s[i] = (s[i] as number) + (sums[i] as number);
  }
}

function turn(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by));
}
