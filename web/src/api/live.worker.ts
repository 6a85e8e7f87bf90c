/// <reference lib="webworker" />
import { LiveHub, type ToHub } from './liveHub';

// One stream for all tabs of this browser: over HTTP/1.1 a sixth stream would leave no connection for anything else.
declare const self: SharedWorkerGlobalScope;

const ports = new Map<string, MessagePort>();
const hub = new LiveHub((client, message) => ports.get(client)?.postMessage(message));

self.onconnect = (event) => {
  const port = event.ports[0];
  if (port === undefined) return;
  let client = '';
  port.onmessage = ({ data }: MessageEvent<{ client: string; message: ToHub }>) => {
    if (client === '') {
      client = data.client;
      ports.set(client, port);
      watch(client);
    }
    hub.receive(client, data.message);
  };
};

/** A tab holds a lock under its name as long as it lives; having that lock means that the tab is gone. */
function watch(client: string): void {
  void navigator.locks?.request(`kpl.tab.${client}`, () => {
    hub.receive(client, { kind: 'bye' });
    ports.delete(client);
  });
}
