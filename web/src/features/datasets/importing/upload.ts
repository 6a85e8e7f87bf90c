import { api, changeHeaders, dataOf, isPassing, type Schemas } from '@/api/client';
import { ProblemError, readProblem, toProblem } from '@/api/problem';

const PIECE = 8 << 20;
const RETRY_MS = [500, 1000, 2000, 4000, 8000, 15_000];
const BASE = '/api/v1/projects/{project}/uploads' as const;

export interface UploadProgress {
  phase: 'digest' | 'send' | 'check';
  /** From 0 to 1, of this phase. */
  done: number;
}

interface UploadOptions {
  onProgress: (progress: UploadProgress) => void;
  signal: AbortSignal;
}

/**
 * Sends a file in pieces and returns the completed upload. After a lost connection, and after a reload of the page
 * with the same file, it goes on where the server stands.
 */
export async function upload(
  project: string,
  blob: Blob,
  filename: string,
  { onProgress, signal }: UploadOptions,
): Promise<Schemas['UploadOut']> {
  onProgress({ phase: 'digest', done: 0 });
  const sha256 = await digestOf(
    blob,
    (bytes) => onProgress({ phase: 'digest', done: share(bytes, blob) }),
    signal,
  );
  const begun = await begin(project, { filename, size_bytes: blob.size, sha256 });
  let offset = begun.offset;
  onProgress({ phase: 'send', done: share(offset, blob) });
  for (let failures = 0; offset < blob.size; ) {
    signal.throwIfAborted();
    try {
      offset = await sendPiece(project, begun.id, blob.slice(offset, offset + PIECE), { offset, signal });
      failures = 0;
      onProgress({ phase: 'send', done: share(offset, blob) });
    } catch (error) {
      signal.throwIfAborted();
      const isOutOfStep = error instanceof ProblemError && error.status === 409;
      if (!isOutOfStep && !isPassing(error)) throw error;
      if (failures >= RETRY_MS.length) throw error;
      await pause(isOutOfStep ? 0 : (RETRY_MS[failures] as number), signal);
      failures += 1;
      offset = (await stateOf(project, begun.id).catch(() => null))?.offset ?? offset;
    }
  }
  onProgress({ phase: 'check', done: 1 });
  const path = { project, upload_id: begun.id };
  const finished = begun.is_complete
    ? begun
    : await dataOf(api.POST(`${BASE}/{upload_id}/complete`, { params: { path } }));
  forget(project, sha256);
  return finished;
}

function share(bytes: number, blob: Blob): number {
  return blob.size === 0 ? 1 : bytes / blob.size;
}

function stateOf(project: string, uploadId: number): Promise<Schemas['UploadOut']> {
  return dataOf(api.GET(`${BASE}/{upload_id}`, { params: { path: { project, upload_id: uploadId } } }));
}

/** The upload of this file that was begun before, if the server still has it; else a new one. */
async function begin(project: string, body: Schemas['UploadCreate']): Promise<Schemas['UploadOut']> {
  const kept = recall(project, body.sha256);
  if (kept !== null) {
    const found = await stateOf(project, kept).catch(() => null);
    if (found !== null && found.sha256 === body.sha256) return found;
  }
  const begun = await dataOf(api.POST(BASE, { params: { path: { project } }, body }));
  remember(project, body.sha256, begun.id);
  return begun;
}

async function sendPiece(
  project: string,
  uploadId: number,
  piece: Blob,
  { offset, signal }: { offset: number; signal: AbortSignal },
): Promise<number> {
  const url = `/api/v1/projects/${encodeURIComponent(project)}/uploads/${uploadId}`;
  const headers = {
    ...changeHeaders(),
    'Upload-Offset': String(offset),
    'Content-Type': 'application/octet-stream',
  };
  const response = await fetch(url, { method: 'PATCH', body: piece, headers, signal });
  if (!response.ok) throw await readProblem(response);
  return Number(response.headers.get('Upload-Offset') ?? offset + piece.size);
}

function digestOf(blob: Blob, onBytes: (bytes: number) => void, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./digest.worker.ts', import.meta.url), { type: 'module' });
    const end = () => worker.terminate();
    signal.addEventListener('abort', () => {
      end();
      reject(signal.reason);
    });
    worker.onmessage = ({ data }: MessageEvent<{ done?: number; digest?: string }>) => {
      if (data.done !== undefined) onBytes(data.done);
      if (data.digest === undefined) return;
      end();
      resolve(data.digest);
    };
    worker.onerror = (event) => {
      end();
      const problem = toProblem(new Error(event.message || 'The file could not be read.'));
      reject(new ProblemError({ ...problem, detail_zh: '文件无法读取。' }));
    };
    worker.postMessage(blob);
  });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

const key = (project: string, sha256: string) => `kpl.upload.${project}.${sha256}`;

function remember(project: string, sha256: string, id: number): void {
  try {
    localStorage.setItem(key(project, sha256), String(id));
  } catch {
    // Storage may be blocked or full; the upload then begins anew after a reload.
  }
}

function recall(project: string, sha256: string): number | null {
  try {
    return Number(localStorage.getItem(key(project, sha256))) || null;
  } catch {
    return null;
  }
}

function forget(project: string, sha256: string): void {
  try {
    localStorage.removeItem(key(project, sha256));
  } catch {
    // As above.
  }
}
