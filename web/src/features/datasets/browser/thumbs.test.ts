import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { rowsOfRequest, Thumbs } from './thumbs';

const settle = async () => {
  for (let round = 0; round < 10; round += 1) await Promise.resolve();
};

let made = 0;
const revoked: string[] = [];
beforeEach(() => {
  made = 0;
  revoked.length = 0;
  vi.stubGlobal('URL', {
    createObjectURL: () => `blob:${++made}`,
    revokeObjectURL: (url: string) => revoked.push(url),
  });
});
afterEach(() => vi.unstubAllGlobals());

/** A server whose answers come when they are let go. */
function held() {
  const requests: {
    rows: number[];
    answer: (broken?: number[]) => Promise<void>;
    fail: () => Promise<void>;
  }[] = [];
  const thumbs = new Thumbs(
    (rows) =>
      new Promise((resolve, reject) => {
        requests.push({
          rows,
          answer: async (broken = []) => {
            const whole = rows.filter((row) => !broken.includes(row));
            resolve(new Map(whole.map((row) => [row, new Blob(['x'.repeat(10)])])));
            await settle();
          },
          fail: async () => {
            reject(new Error('gone'));
            await settle();
          },
        });
      }),
  );
  return { requests, thumbs };
}

describe('small pictures', () => {
  it('asks for many at once, those in sight first', async () => {
    const { requests, thumbs } = held();
    for (let row = 0; row < 100; row += 1) thumbs.want(row, row >= 60, () => {});
    await settle();
    expect(requests.map(({ rows }) => rows.length)).toEqual([24, 24, 24, 24]);
    expect(requests.flatMap(({ rows }) => rows).slice(0, 40)).toEqual(
      Array.from({ length: 40 }, (_, index) => 60 + index),
    );
    await requests[0]?.answer();
    expect(requests.at(-1)?.rows).toHaveLength(4);
  });

  it('shares few among the requests, but not into crumbs', () => {
    expect([1, 30, 48, 96, 400].map(rowsOfRequest)).toEqual([8, 8, 12, 24, 24]);
  });

  it('tells who waits and keeps the picture', async () => {
    const { requests, thumbs } = held();
    const heard = vi.fn();
    thumbs.want(3, true, heard);
    await settle();
    expect(thumbs.url(3)).toBeUndefined();
    await requests[0]?.answer();
    expect(heard).toHaveBeenCalledWith('blob:1');
    expect(thumbs.url(3)).toBe('blob:1');
  });

  it('does not ask for what went out of sight before it was sent', async () => {
    const { requests, thumbs } = held();
    thumbs.want(1, true, () => {})();
    thumbs.want(2, true, () => {});
    await settle();
    expect(requests.map(({ rows }) => rows)).toEqual([[2]]);
  });

  it('knows an image that cannot be drawn, and asks again after a failure', async () => {
    const { requests, thumbs } = held();
    const heard = vi.fn();
    thumbs.want(1, true, heard);
    await settle();
    await requests[0]?.answer([1]);
    expect(heard).toHaveBeenLastCalledWith(null);
    expect(thumbs.url(1)).toBeNull();
    thumbs.want(2, true, heard);
    await settle();
    await requests[1]?.fail();
    expect(heard).toHaveBeenLastCalledWith(null);
    expect(thumbs.url(2)).toBeUndefined();
  });

  it('lets go of all when it is closed, also of what is still to come', async () => {
    const { requests, thumbs } = held();
    const heard = vi.fn();
    thumbs.want(1, true, heard);
    await settle();
    await requests[0]?.answer();
    thumbs.want(2, true, heard);
    await settle();
    thumbs.close();
    await requests[1]?.answer();
    expect(revoked).toEqual(['blob:1']);
    expect(heard).toHaveBeenCalledTimes(1);
    expect(thumbs.url(1)).toBeUndefined();
  });
});
