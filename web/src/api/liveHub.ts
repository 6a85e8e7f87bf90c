import { SseParser } from './sse';

/** One live event. `seq` is null for a signal, which is not kept; type `resync` says: read the state anew. */
export interface LiveEvent {
  seq: number | null;
  type: string;
  topics: string[];
  data: Record<string, unknown>;
}

export type Connection = 'connecting' | 'open' | 'lost';

/** What a tab tells the hub. `after` is the `seq` of the snapshot that the tab has drawn. */
export type ToHub =
  | { kind: 'subscribe'; id: string; topics: string[]; after: number | null }
  | { kind: 'unsubscribe'; id: string }
  | { kind: 'bye' };

/** What the hub tells a tab. */
export type FromHub =
  | { kind: 'event'; id: string; event: LiveEvent }
  | { kind: 'connection'; connection: Connection };

interface Subscription {
  client: string;
  topics: Set<string>;
  /** Number of the last event it has seen; null until the stream with its topics has begun. */
  seen: number | null;
}

export interface HubOptions {
  open?: (url: string, signal: AbortSignal) => Promise<Response>;
  retryMs?: number[];
}

const RETRY_MS = [250, 500, 1000, 1500, 2000];
const SILENCE_MS = 45_000;

/**
 * Holds the one stream of events of this browser and hands each event to the tabs that asked for its topics,
 * exactly once: a stream that breaks, or has to be opened anew because topics were added, goes on after the last
 * event, and a subscription drops what it has seen.
 */
export class LiveHub {
  #subscriptions = new Map<string, Subscription>();
  #clients = new Set<string>();
  #send: (client: string, message: FromHub) => void;
  #open: (url: string, signal: AbortSignal) => Promise<Response>;
  #retryMs: number[];
  #connection: Connection = 'connecting';
  #lastSeq: number | null = null;
  #topics = '';
  #stream: AbortController | null = null;
  #settle: ReturnType<typeof setTimeout> | null = null;

  constructor(send: (client: string, message: FromHub) => void, options: HubOptions = {}) {
    this.#send = send;
    this.#open =
      options.open ??
      ((url, signal) => fetch(url, { signal, headers: { Accept: 'text/event-stream' }, cache: 'no-store' }));
    this.#retryMs = options.retryMs ?? RETRY_MS;
  }

  receive(client: string, message: ToHub): void {
    if (message.kind === 'bye') {
      this.#forget(client);
      return;
    }
    if (!this.#clients.has(client)) {
      this.#clients.add(client);
      this.#send(client, { kind: 'connection', connection: this.#connection });
    }
    const key = `${client}/${message.id}`;
    if (message.kind === 'unsubscribe') this.#subscriptions.delete(key);
    else {
      const topics = new Set(message.topics);
      const isCovered = this.#connection === 'open' && message.topics.every((topic) => this.#has(topic));
      const missed = message.after !== null && this.#lastSeq !== null && message.after < this.#lastSeq;
      const seen = message.after ?? (isCovered ? this.#lastSeq : null);
      this.#subscriptions.set(key, { client, topics, seen });
      if (missed) this.#topics = ''; // open the stream anew, from the snapshot on
    }
    this.#settle ??= setTimeout(() => this.#retarget(), 20);
  }

  #has(topic: string): boolean {
    return this.#topics.split(',').includes(topic);
  }

  #forget(client: string): void {
    this.#clients.delete(client);
    for (const [key, subscription] of this.#subscriptions)
      if (subscription.client === client) this.#subscriptions.delete(key);
    this.#settle ??= setTimeout(() => this.#retarget(), 20);
  }

  /** Opens the stream anew when topics are wanted that it does not carry. */
  #retarget(): void {
    this.#settle = null;
    const wanted = new Set<string>();
    for (const subscription of this.#subscriptions.values())
      for (const topic of subscription.topics) wanted.add(topic);
    const covered = this.#topics !== '' && [...wanted].every((topic) => this.#has(topic));
    if (covered && wanted.size > 0) return;
    this.#stream?.abort();
    this.#stream = null;
    this.#topics = [...wanted].sort().join(',');
    if (wanted.size > 0) void this.#follow(this.#topics);
  }

  /** Number after which the stream has to begin so that no subscription misses anything. */
  #start(): number | null {
    let start = this.#lastSeq;
    for (const { seen } of this.#subscriptions.values())
      if (seen !== null) start = start === null ? seen : Math.min(start, seen);
    return start;
  }

  async #follow(topics: string): Promise<void> {
    const stream = new AbortController();
    this.#stream = stream;
    for (let failures = 0; !stream.signal.aborted; failures += 1) {
      const began = await this.#read(topics, stream.signal);
      if (stream.signal.aborted) return;
      if (began) failures = 0;
      this.#tell('lost');
      const pause = this.#retryMs[Math.min(failures, this.#retryMs.length - 1)] ?? 1000;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  /** Reads one stream until it ends; tells whether it began. */
  async #read(topics: string, signal: AbortSignal): Promise<boolean> {
    const start = this.#start();
    const query = new URLSearchParams({ topics });
    if (start !== null) query.set('after', String(start));
    const silence = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const wake = () => {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MS);
    };
    try {
      wake();
      const response = await this.#open(`/api/v1/events?${query}`, AbortSignal.any([signal, silence.signal]));
      if (!response.ok || response.body === null) return false;
      this.#tell('open');
      const parser = new SseParser();
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done || signal.aborted) return true;
        wake();
        for (const message of parser.push(value)) this.#deliver(JSON.parse(message.data) as LiveEvent);
        if (parser.lastId !== null) this.#advance(Number(parser.lastId));
      }
    } catch {
      return this.#connection === 'open';
    } finally {
      clearTimeout(timer);
    }
  }

  #advance(seq: number): void {
    if (Number.isFinite(seq)) this.#lastSeq = Math.max(this.#lastSeq ?? 0, seq);
  }

  #deliver(event: LiveEvent): void {
    if (event.seq !== null) this.#advance(event.seq);
    for (const [key, subscription] of this.#subscriptions) {
      const id = key.slice(subscription.client.length + 1);
      if (event.type === 'hello') {
        // Began without a snapshot's number: what happened between its reading and now is unknown.
        if (subscription.seen === null)
          this.#pass(subscription, id, { ...event, type: 'resync', topics: [], data: {} });
        subscription.seen ??= event.seq;
      } else if (event.type === 'resync') {
        subscription.seen = event.seq;
        this.#pass(subscription, id, { ...event, topics: [], data: {} });
      } else if (event.topics?.some((topic) => subscription.topics.has(topic))) {
        if (event.seq !== null && subscription.seen !== null && event.seq <= subscription.seen) continue;
        if (event.seq !== null) subscription.seen = event.seq;
        this.#pass(subscription, id, event);
      }
    }
  }

  #pass(subscription: Subscription, id: string, event: LiveEvent): void {
    this.#send(subscription.client, { kind: 'event', id, event });
  }

  #tell(connection: Connection): void {
    if (this.#connection === connection) return;
    this.#connection = connection;
    for (const client of this.#clients) this.#send(client, { kind: 'connection', connection });
  }
}
