import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { archiveOf } from '@/api/tar';
import { later } from '@/i18n';
import { Button } from '@/ui/Button';
import { Dialog } from '@/ui/Dialog';
import { type DroppedFile, DropZone } from '@/ui/DropZone';
import { ErrorState } from '@/ui/ErrorState';
import { Progress } from '@/ui/Progress';
import { projectPath, useGo } from '@/ui/routing';
import { SegmentedControl } from '@/ui/SegmentedControl';
import { TextField } from '@/ui/TextField';
import { toast } from '@/ui/Toast';
import { type Fetch, fetchAlgorithm, install } from '../api';
import { upload } from '../upload';
import { FetchProgress } from './FetchProgress';

interface InstallDialogProps {
  project: string;
  isOpen: boolean;
  onClose: () => void;
}

const EMPTY: Fetch = { url: '', ref: '', folder: '' };

/** Takes an algorithm's folder, as it is, as an archive or from a git repository; the server checks its manifest. */
export function InstallDialog({ project, isOpen, onClose }: InstallDialogProps) {
  const { t } = useTranslation('algorithms');
  const go = useGo();
  const client = useQueryClient();
  const [source, setSource] = useState('archive');
  const [form, setForm] = useState(EMPTY);
  const installed = (name: string, version: string) => {
    void client.invalidateQueries({ queryKey: ['algorithms', project] });
    toast({ tone: 'ok', title: later('algorithms', 'install.done', { name, version }) });
    onClose();
    go(projectPath(project, 'algorithms', name));
  };
  const fetching = useMutation({ mutationFn: () => fetchAlgorithm(project, form) });
  const isFetching = fetching.data !== undefined;
  const close = () => {
    fetching.reset();
    onClose();
  };
  return (
    <Dialog
      title={t('install.title')}
      isOpen={isOpen}
      onClose={close}
      footer={
        source === 'git' ? (
          <>
            <Button onPress={isFetching ? () => fetching.reset() : close}>
              {t(isFetching ? 'install.back' : 'cancel')}
            </Button>
            {!isFetching && (
              <Button
                variant="primary"
                isDisabled={form.url.trim() === '' || fetching.isPending}
                onPress={() => fetching.mutate()}
              >
                {t('install.action')}
              </Button>
            )}
          </>
        ) : undefined
      }
    >
      <div className="space-y-4">
        {!isFetching && (
          <SegmentedControl
            label={t('install.from')}
            value={source}
            onChange={setSource}
            items={[
              { id: 'archive', label: t('install.archive') },
              { id: 'git', label: t('install.git') },
            ]}
          />
        )}
        {source === 'archive' ? (
          <Archive project={project} onInstalled={installed} />
        ) : isFetching ? (
          <FetchProgress project={project} taskId={fetching.data} onInstalled={installed} />
        ) : (
          <>
            <Repository form={form} onChange={setForm} />
            {fetching.isError && <ErrorState error={fetching.error} isInline />}
          </>
        )}
      </div>
    </Dialog>
  );
}

interface ArchiveProps {
  project: string;
  onInstalled: (name: string, version: string) => void;
}

function Archive({ project, onInstalled }: ArchiveProps) {
  const { t } = useTranslation('algorithms');
  const [share, setShare] = useState<number | null>(null);
  const work = useMutation({
    mutationFn: async (files: DroppedFile[]) => {
      setShare(0);
      const { blob, filename } = archiveOf(files, 'algorithm');
      const id = await upload(project, new File([blob], filename), setShare);
      setShare(null);
      return install(project, id);
    },
    onSuccess: ({ name, version }) => onInstalled(name, version),
  });
  return (
    <>
      {work.isPending ? (
        <Progress label={share === null ? t('install.checking') : t('install.sending')} value={share} />
      ) : (
        <DropZone
          label={t('install.drop')}
          accept={['.zip', '.tar', '.gz', '.tgz']}
          allowsFolders
          onFiles={(files) => files.length > 0 && work.mutate(files)}
        >
          {t('install.help')}
        </DropZone>
      )}
      {work.isError && <ErrorState error={work.error} isInline />}
    </>
  );
}

function Repository({ form, onChange }: { form: Fetch; onChange: (form: Fetch) => void }) {
  const { t } = useTranslation('algorithms');
  return (
    <div className="space-y-3">
      <TextField
        label={t('install.url')}
        description={t('install.urlHelp')}
        placeholder="https://host/owner/name.git"
        isMono
        isRequired
        value={form.url}
        onChange={(url) => onChange({ ...form, url: url.trim() })}
      />
      <div className="grid grid-cols-2 gap-3">
        <TextField
          label={t('install.ref')}
          description={t('install.refHelp')}
          isMono
          value={form.ref}
          onChange={(ref) => onChange({ ...form, ref: ref.trim() })}
        />
        <TextField
          label={t('install.folder')}
          description={t('install.folderHelp')}
          isMono
          value={form.folder}
          onChange={(folder) => onChange({ ...form, folder })}
        />
      </div>
    </div>
  );
}
