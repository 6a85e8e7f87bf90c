import { type QueryClient, type QueryKey, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useSyncExternalStore } from 'react';
import { type Connection, type FromHub, type LiveEvent, LiveHub, type ToHub } from './liveHub';

export type { Connection, LiveEvent } from './liveHub';

interface Listener {
  topics: string[];
  after: number | null;
  onEvent: (event: LiveEvent) => void;
}

const listeners = new Map<string, Listener>();
const connectionListeners = new Set<() => void>();
let connection: Connection = 'connecting';
let post: ((message: ToHub) => void) | null = null;
let counter = 0;

function receive(message: FromHub): void {
  if (message.kind === 'connection') {
    connection = message.connection;
    for (const listener of connectionListeners) listener();
    return;
  }
  const listener = listeners.get(message.id);
  if (listener === undefined) return;
  if (message.event.seq !== null) listener.after = message.event.seq;
  listener.onEvent(message.event);
}

/** Tells the hub of every subscription again; a new hub goes on where each of them stood. */
function subscribeAll(): void {
  for (const [id, { topics, after }] of listeners) post?.({ kind: 'subscribe', id, topics, after });
}

function connect(): (message: ToHub) => void {
  const client = crypto.randomUUID();
  // The worker takes a tab whose lock it gets for gone, so the tab speaks only when it has the lock itself.
  const alive = new Promise<void>((resolve) => {
    if (!navigator.locks) resolve();
    else
      void navigator.locks.request(`kpl.tab.${client}`, () => {
        resolve();
        return new Promise(() => {});
      });
  });
  if (typeof SharedWorker !== 'undefined') {
    const worker = new SharedWorker(new URL('./live.worker.ts', import.meta.url), {
      type: 'module',
      name: 'kpl-live',
    });
    worker.port.onmessage = ({ data }: MessageEvent<FromHub>) => receive(data);
    return (message) => void alive.then(() => worker.port.postMessage({ client, message }));
  }
  return navigator.locks ? connectByLeader(client) : connectAlone(client);
}

/** Without SharedWorker one tab, whoever holds the lock, has the stream; the others hear it over a channel. */
function connectByLeader(client: string): (message: ToHub) => void {
  const channel = new BroadcastChannel('kpl-live');
  let hub: LiveHub | null = null;
  channel.onmessage = ({ data }) => {
    if (data.to === 'leader') hub?.receive(data.client, data.message);
    else if (data.to === client) receive(data.message);
    else if (data.to === 'everyone') subscribeAll();
  };
  void navigator.locks.request('kpl.live-leader', () => {
    hub = new LiveHub((to, message) =>
      to === client ? receive(message) : channel.postMessage({ to, message }),
    );
    channel.postMessage({ to: 'everyone' });
    subscribeAll();
    return new Promise(() => {});
  });
  return (message) =>
    hub === null ? channel.postMessage({ to: 'leader', client, message }) : hub.receive(client, message);
}

function connectAlone(client: string): (message: ToHub) => void {
  const hub = new LiveHub((_, message) => receive(message));
  return (message) => hub.receive(client, message);
}

/**
 * Listens to topics, as in `run:12` or `project:default`, outside of React. `after` is the `seq` of the snapshot
 * already drawn. Returns how to stop.
 */
export function follow(
  topics: string[],
  onEvent: (event: LiveEvent) => void,
  after: number | null = null,
): () => void {
  post ??= connect();
  counter += 1;
  const id = String(counter);
  listeners.set(id, { topics, after, onEvent });
  post({ kind: 'subscribe', id, topics, after });
  return () => {
    listeners.delete(id);
    post?.({ kind: 'unsubscribe', id });
  };
}

/**
 * Calls back for each live event on `topics` while mounted. An event of type `resync` means that events were left
 * out: read the state anew. Pass the snapshot's `seq` as `after`; without it a `resync` may come first.
 */
export function useLive(
  topics: string[],
  onEvent: (event: LiveEvent) => void,
  { after = null, isEnabled = true }: { after?: number | null; isEnabled?: boolean } = {},
): void {
  const callback = useRef(onEvent);
  callback.current = onEvent;
  const start = useRef(after);
  start.current = after;
  const key = topics.join(',');
  useEffect(() => {
    if (!isEnabled || key === '') return undefined;
    return follow(key.split(','), (event) => callback.current(event), start.current);
  }, [key, isEnabled]);
}

/**
 * Reads queries anew when events come, at most every 250 ms. `keysOf` names the queries that an event outdates; a
 * `resync` outdates those of `always`.
 */
export function useLiveQueries(
  topics: string[],
  keysOf: (event: LiveEvent) => QueryKey[],
  options: { always?: QueryKey[]; after?: number | null; isEnabled?: boolean } = {},
): void {
  const outdated = useInvalidation();
  useLive(
    topics,
    (event) => {
      for (const key of event.type === 'resync' ? (options.always ?? []) : keysOf(event)) outdated.add(key);
    },
    options,
  );
}

/** What outdates queries on behalf of a component, at most every 250 ms. */
export function useInvalidation(): Invalidation {
  const client = useQueryClient();
  const batch = useRef<Invalidation | null>(null);
  batch.current ??= new Invalidation(client);
  return batch.current;
}

/**
 * Collects query keys for 250 ms, then invalidates each once. While those are being read, further ones wait: a server
 * that is slow or has many pages open is asked less often. So do those of a list whose next page is being read: to
 * invalidate it would give that page up.
 */
export class Invalidation {
  #client: QueryClient;
  #keys = new Map<string, QueryKey>();
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(client: QueryClient) {
    this.#client = client;
  }

  add(key: QueryKey): void {
    this.#keys.set(JSON.stringify(key), key);
    this.#timer ??= setTimeout(() => void this.#flush(), 250);
  }

  async #flush(): Promise<void> {
    const keys = [...this.#keys.entries()].filter(
      ([, queryKey]) => this.#client.isFetching({ queryKey }) === 0,
    );
    for (const [text] of keys) this.#keys.delete(text);
    await Promise.all(keys.map(([, queryKey]) => this.#client.invalidateQueries({ queryKey })));
    this.#timer = this.#keys.size > 0 ? setTimeout(() => void this.#flush(), 250) : null;
  }
}

/** Whether live events are coming: `lost` while the stream is broken and being opened again. */
export function useConnection(): Connection {
  return useSyncExternalStore(
    (listener) => {
      connectionListeners.add(listener);
      return () => connectionListeners.delete(listener);
    },
    () => connection,
  );
}
