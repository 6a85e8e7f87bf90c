import { api, changeHeaders, dataOf } from '@/api/client';
import { readProblem } from '@/api/problem';

const PIECE_BYTES = 4 << 20;

/** Send a file in pieces; gives the number of the completed upload. */
export async function upload(
  project: string,
  file: File,
  onProgress: (share: number) => void,
): Promise<number> {
  const bytes = await file.arrayBuffer();
  const created = await dataOf(
    api.POST('/api/v1/projects/{project}/uploads', {
      params: { path: { project } },
      body: { filename: file.name, size_bytes: file.size, sha256: await sha256(bytes) },
    }),
  );
  const address = `/api/v1/projects/${encodeURIComponent(project)}/uploads/${created.id}`;
  for (let offset = created.offset; offset < file.size; offset += PIECE_BYTES) {
    const answer = await fetch(address, {
      method: 'PATCH',
      headers: {
        ...changeHeaders(),
        'Upload-Offset': String(offset),
        'Content-Type': 'application/offset+octet-stream',
      },
      body: bytes.slice(offset, offset + PIECE_BYTES),
    });
    if (!answer.ok) throw await readProblem(answer);
    onProgress(Math.min(1, (offset + PIECE_BYTES) / file.size));
  }
  if (!created.is_complete) {
    await api.POST('/api/v1/projects/{project}/uploads/{upload_id}/complete', {
      params: { path: { project, upload_id: created.id } },
    });
  }
  return created.id;
}

async function sha256(bytes: ArrayBuffer): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', bytes);
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
