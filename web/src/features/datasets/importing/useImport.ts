import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import type { Schemas } from '@/api/client';
import { archiveOf } from '@/api/tar';
import type { DroppedFile } from '@/ui/DropZone';
import { importDataset } from '../api';
import { type UploadProgress, upload } from './upload';

export type ImportStep =
  | { kind: 'form' }
  | { kind: 'upload'; progress: UploadProgress; size: number }
  | { kind: 'task'; taskId: number }
  | { kind: 'failed'; error: unknown };

export type ImportSource =
  | { kind: 'files'; files: DroppedFile[] }
  | { kind: 'url'; url: string }
  | { kind: 'path'; path: string };

type Target = Omit<Schemas['DatasetImport'], 'upload_id' | 'url' | 'path'>;

/** Carries an import through: packs and sends files, then starts the task that reads them. */
export function useImport(project: string) {
  const [step, setStep] = useState<ImportStep>({ kind: 'form' });
  const abort = useRef<AbortController | null>(null);
  const client = useQueryClient();
  useEffect(() => () => abort.current?.abort(), []);

  const start = async (source: ImportSource, target: Target) => {
    const control = new AbortController();
    abort.current = control;
    try {
      const task = await importDataset(project, {
        ...target,
        ...(source.kind === 'files' && {
          upload_id: await send(source.files, target.name, control.signal),
        }),
        ...(source.kind === 'url' && { url: source.url }),
        ...(source.kind === 'path' && { path: source.path }),
      });
      void client.invalidateQueries({ queryKey: ['tasks', project] });
      setStep({ kind: 'task', taskId: task.id });
    } catch (error) {
      if (!control.signal.aborted) setStep({ kind: 'failed', error });
    }
  };
  const send = async (files: DroppedFile[], name: string, signal: AbortSignal): Promise<number> => {
    const { blob, filename } = archiveOf(files, name);
    const done = await upload(project, blob, filename, {
      signal,
      onProgress: (progress) => setStep({ kind: 'upload', progress, size: blob.size }),
    });
    return done.id;
  };
  const cancel = () => {
    abort.current?.abort();
    setStep({ kind: 'form' });
  };
  return { step, start, cancel };
}
