import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Dialog } from '@/ui/Dialog';
import { DropZone } from '@/ui/DropZone';
import { ErrorState } from '@/ui/ErrorState';
import { Progress } from '@/ui/Progress';
import { projectPath, useGo } from '@/ui/routing';
import { toast } from '@/ui/Toast';
import { install } from '../api';
import { upload } from '../upload';

interface InstallDialogProps {
  project: string;
  isOpen: boolean;
  onClose: () => void;
}

/** Takes an algorithm's folder as an archive; the server checks its manifest and says all that is wrong. */
export function InstallDialog({ project, isOpen, onClose }: InstallDialogProps) {
  const { t } = useTranslation('algorithms');
  const go = useGo();
  const client = useQueryClient();
  const [share, setShare] = useState<number | null>(null);
  const work = useMutation({
    mutationFn: async (file: File) => {
      setShare(0);
      const id = await upload(project, file, setShare);
      setShare(null);
      return install(project, id);
    },
    onSuccess: (algorithm) => {
      void client.invalidateQueries({ queryKey: ['algorithms', project] });
      toast({ tone: 'ok', title: t('install.done', { name: algorithm.name, version: algorithm.version }) });
      onClose();
      go(projectPath(project, 'algorithms', algorithm.name));
    },
  });
  return (
    <Dialog title={t('install.title')} isOpen={isOpen} onClose={onClose} isSticky={work.isPending}>
      <div className="space-y-4">
        {work.isPending ? (
          <Progress label={share === null ? t('install.checking') : t('install.sending')} value={share} />
        ) : (
          <DropZone
            label={t('install.drop')}
            accept={['.zip', '.tar', '.gz', '.tgz']}
            onFiles={([first]) => first && work.mutate(first.file)}
          >
            {t('install.help')}
          </DropZone>
        )}
        {work.isError && <ErrorState error={work.error} isInline />}
      </div>
    </Dialog>
  );
}
