import { expect, test } from 'vitest';
import { SseParser } from './sse';

const STREAM = ': alive\nid: 4\n\nid: 5\nevent: task\ndata: {"a":1}\n\nevent: note\ndata: one\ndata: two\n\n';

test('messages come out whole, however the stream is cut', () => {
  const whole = new SseParser().push(STREAM);
  expect(whole).toEqual([
    { event: 'task', data: '{"a":1}', id: '5' },
    { event: 'note', data: 'one\ntwo', id: '5' },
  ]);
  for (let cut = 1; cut < STREAM.length; cut += 1) {
    const parser = new SseParser();
    expect([...parser.push(STREAM.slice(0, cut)), ...parser.push(STREAM.slice(cut))]).toEqual(whole);
  }
});

test('an id without data moves the cursor and is no message', () => {
  const parser = new SseParser();
  expect(parser.push(': alive\nid: 9\n\n')).toEqual([]);
  expect(parser.lastId).toBe('9');
});
