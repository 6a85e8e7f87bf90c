/** One message of a stream of server-sent events. */
export interface SseMessage {
  event: string;
  data: string;
  id: string | null;
}

/**
 * Cuts a stream of server-sent events into messages. Feed it text in pieces of any length; it gives back the
 * messages completed by each piece. A message without data moves `lastId` on and is not given back.
 */
export class SseParser {
  lastId: string | null = null;
  #buffer = '';
  #event = '';
  #data: string[] = [];

  push(text: string): SseMessage[] {
    const messages: SseMessage[] = [];
    this.#buffer += text;
    const lines = this.#buffer.split(/\r\n|\n|\r(?!$)/);
    this.#buffer = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') {
        if (this.#data.length > 0)
          messages.push({ event: this.#event || 'message', data: this.#data.join('\n'), id: this.lastId });
        this.#event = '';
        this.#data = [];
      } else this.#field(line);
    }
    return messages;
  }

  #field(line: string): void {
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'event') this.#event = value;
    else if (name === 'data') this.#data.push(value);
    else if (name === 'id') this.lastId = value;
  }
}
