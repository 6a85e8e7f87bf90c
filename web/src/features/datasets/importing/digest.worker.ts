/// <reference lib="webworker" />
import { Sha256 } from './sha256';

declare const self: DedicatedWorkerGlobalScope;

const PIECE = 8 << 20;

// Hashing a large file takes a while; here it does not hold up the page.
self.onmessage = async ({ data: blob }: MessageEvent<Blob>) => {
  const sha = new Sha256();
  for (let at = 0; at < blob.size; at += PIECE) {
    sha.update(new Uint8Array(await blob.slice(at, at + PIECE).arrayBuffer()));
    self.postMessage({ done: Math.min(blob.size, at + PIECE) });
  }
  self.postMessage({ digest: sha.hex() });
};
