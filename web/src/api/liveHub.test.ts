import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type FromHub, LiveHub } from './liveHub';

interface Stream {
  url: URL;
  send: (event: object) => void;
  end: () => void;
}

let streams: Stream[] = [];
let messages: [string, FromHub][] = [];

/** A server that answers each request with a stream that the test writes. */
function open(url: string, signal: AbortSignal): Promise<Response> {
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    start(control) {
      signal.addEventListener('abort', () => {
        try {
          control.error(new Error('aborted'));
        } catch {
          // Ended before.
        }
      });
      streams.push({
        url: new URL(url, 'http://kpl'),
        send: (event) => {
          const { seq } = event as { seq: number | null };
          control.enqueue(
            encoder.encode(`${seq === null ? '' : `id: ${seq}\n`}data: ${JSON.stringify(event)}\n\n`),
          );
        },
        end: () => control.close(),
      });
    },
  });
  return Promise.resolve(new Response(body));
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 40));
const hubOf = () =>
  new LiveHub((client, message) => messages.push([client, message]), { open, retryMs: [1] });
const task = (seq: number, topic: string) => ({ seq, type: 'task', topics: [topic], data: { seq } });
const seen = (client: string) =>
  messages.flatMap(([to, message]) => (to === client && message.kind === 'event' ? [message.event.seq] : []));

beforeEach(() => {
  streams = [];
  messages = [];
});
afterEach(() => vi.restoreAllMocks());

test('one stream carries the topics of all tabs, and each hears its own', async () => {
  const hub = hubOf();
  hub.receive('a', { kind: 'subscribe', id: '1', topics: ['run:1'], after: 3 });
  hub.receive('b', { kind: 'subscribe', id: '1', topics: ['run:2'], after: 3 });
  await settle();
  expect(streams).toHaveLength(1);
  expect(streams[0]?.url.searchParams.get('topics')).toBe('run:1,run:2');
  streams[0]?.send(task(4, 'run:1'));
  streams[0]?.send(task(5, 'run:2'));
  await settle();
  expect(seen('a')).toEqual([4]);
  expect(seen('b')).toEqual([5]);
});

test('a broken stream goes on after the last event, without gap or duplicate', async () => {
  const hub = hubOf();
  hub.receive('a', { kind: 'subscribe', id: '1', topics: ['run:1'], after: 10 });
  await settle();
  streams[0]?.send(task(11, 'run:1'));
  await settle();
  streams[0]?.end();
  await settle();
  expect(streams[1]?.url.searchParams.get('after')).toBe('11');
  streams[1]?.send(task(11, 'run:1'));
  streams[1]?.send(task(12, 'run:1'));
  await settle();
  expect(seen('a')).toEqual([11, 12]);
  const states = messages.flatMap(([, message]) =>
    message.kind === 'connection' ? [message.connection] : [],
  );
  expect(states).toEqual(['connecting', 'open', 'lost', 'open']);
});

test('a new topic begins at its snapshot, and others hear nothing twice', async () => {
  const hub = hubOf();
  hub.receive('a', { kind: 'subscribe', id: '1', topics: ['run:1'], after: 10 });
  await settle();
  streams[0]?.send(task(20, 'run:1'));
  await settle();
  hub.receive('a', { kind: 'subscribe', id: '2', topics: ['run:2'], after: 15 });
  await settle();
  expect(streams[1]?.url.searchParams.get('after')).toBe('15');
  streams[1]?.send(task(16, 'run:2'));
  streams[1]?.send(task(20, 'run:1'));
  streams[1]?.send(task(21, 'run:1'));
  await settle();
  expect(seen('a')).toEqual([20, 16, 21]);
});

test('a subscription without a snapshot is told to read the state anew once', async () => {
  const hub = hubOf();
  hub.receive('a', { kind: 'subscribe', id: '1', topics: ['run:1'], after: null });
  await settle();
  streams[0]?.send({ seq: 7, type: 'hello' });
  await settle();
  const types = messages.flatMap(([, message]) => (message.kind === 'event' ? [message.event.type] : []));
  expect(types).toEqual(['resync']);
});

test('topics of a closed tab are not delivered', async () => {
  const hub = hubOf();
  hub.receive('a', { kind: 'subscribe', id: '1', topics: ['run:1'], after: 0 });
  hub.receive('b', { kind: 'subscribe', id: '1', topics: ['run:1'], after: 0 });
  await settle();
  hub.receive('b', { kind: 'bye' });
  streams[0]?.send(task(1, 'run:1'));
  await settle();
  expect(seen('b')).toEqual([]);
});
