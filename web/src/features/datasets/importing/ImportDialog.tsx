import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { Button, LinkButton } from '@/ui/Button';
import { Dialog } from '@/ui/Dialog';
import type { DroppedFile } from '@/ui/DropZone';
import { ErrorState } from '@/ui/ErrorState';
import { Progress } from '@/ui/Progress';
import { projectPath } from '@/ui/routing';
import { isDatasetName, isWebAddress, suggestName } from '../model';
import { emptyForm, type FormValues, ImportForm } from './ImportForm';
import { type TaskEnd, TaskProgress } from './TaskProgress';
import { type ImportSource, useImport } from './useImport';

interface ImportDialogProps {
  project: string;
  initialFiles: DroppedFile[];
  /** The dataset to get a new version; without it a name is asked for. */
  name?: string;
  onClose: () => void;
}

/** Brings files in: what and from where, then the upload, then the task that reads them. */
export default function ImportDialog({ project, initialFiles, name, onClose }: ImportDialogProps) {
  const { t } = useTranslation('datasets');
  const { bytes, share } = useFormat();
  const { step, start, cancel } = useImport(project);
  const [end, setEnd] = useState<TaskEnd | null>(null);
  const [form, setForm] = useState<FormValues>(() => ({
    ...emptyForm,
    files: initialFiles,
    name: name ?? suggestName(initialFiles[0]?.path.split('/')[0] ?? ''),
  }));
  const source = sourceOf(form);
  const isReady = source !== null && isDatasetName(form.name);
  const changeForm = () => {
    setEnd(null);
    cancel();
  };
  const begin = () =>
    source &&
    void start(source, {
      name: form.name,
      kind: form.kind,
      format: form.format,
      on_error: form.onError,
    });
  const isWorking = step.kind === 'upload';
  return (
    <Dialog
      title={t('importDialog.title')}
      isOpen
      isSticky={isWorking}
      onClose={onClose}
      footer={
        step.kind === 'form' || step.kind === 'failed' ? (
          <>
            <Button onPress={onClose}>{t('cancel')}</Button>
            <Button variant="primary" isDisabled={!isReady} onPress={begin}>
              {step.kind === 'failed' ? t('retry') : t('import')}
            </Button>
          </>
        ) : step.kind === 'upload' ? (
          <Button onPress={cancel}>{t('importDialog.stop')}</Button>
        ) : (
          <>
            <Button onPress={onClose}>{t('close')}</Button>
            {end === 'failed' && (
              <Button variant="primary" onPress={changeForm}>
                {t('importDialog.change')}
              </Button>
            )}
            {end === 'succeeded' && (
              <LinkButton variant="primary" href={projectPath(project, 'datasets', form.name)}>
                {t('importDialog.open')}
              </LinkButton>
            )}
          </>
        )
      }
    >
      {(step.kind === 'form' || step.kind === 'failed') && (
        <div className="space-y-4">
          {step.kind === 'failed' && <ErrorState isInline error={step.error} />}
          <ImportForm form={form} onChange={setForm} isNameFixed={name !== undefined} />
        </div>
      )}
      {step.kind === 'upload' && (
        <div className="space-y-3 py-4">
          <Progress
            label={t(`importDialog.${step.progress.phase}`)}
            value={step.progress.phase === 'check' ? null : step.progress.done}
          />
          <p className="text-12 text-fg-3">
            {step.progress.phase === 'send'
              ? t('importDialog.sent', { sent: bytes(step.progress.done * step.size), all: bytes(step.size) })
              : `${bytes(step.size)} · ${share(step.progress.done, 0)}`}
          </p>
          <p className="text-12 text-fg-3">{t('importDialog.resumes')}</p>
        </div>
      )}
      {step.kind === 'task' && <TaskProgress project={project} taskId={step.taskId} onEnd={setEnd} />}
    </Dialog>
  );
}

/** What the form names; nothing while it is not whole. */
function sourceOf({ from, files, url, path }: FormValues): ImportSource | null {
  if (from === 'files') return files.length > 0 ? { kind: 'files', files } : null;
  if (from === 'url') return isWebAddress(url) ? { kind: 'url', url: new URL(url.trim()).href } : null;
  return path.trim() === '' ? null : { kind: 'path', path: path.trim() };
}
