import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { projectsQuery } from '@/api/projects';
import { Button } from '@/ui/Button';
import { Dialog } from '@/ui/Dialog';
import { ErrorState } from '@/ui/ErrorState';
import { projectPath, useGo } from '@/ui/routing';
import { TextField } from '@/ui/TextField';
import { createProject } from './api';

/** Makes a project, and goes there. */
export function ProjectDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation('settings');
  const client = useQueryClient();
  const go = useGo();
  const [name, setName] = useState('');
  const [title, setTitle] = useState('');
  const create = useMutation({
    mutationFn: () => createProject({ name, title: title.trim(), description: '' }),
    onSuccess: (project) => {
      void client.invalidateQueries({ queryKey: projectsQuery.queryKey });
      go(projectPath(project.name));
    },
  });
  const isWrong = name !== '' && !/^[a-z0-9][a-z0-9_.-]{0,62}$/.test(name);
  return (
    <Dialog
      title={t('members.newProject')}
      isOpen
      size="small"
      onClose={onClose}
      footer={
        <>
          <Button onPress={onClose}>{t('cancel')}</Button>
          <Button
            variant="primary"
            isDisabled={name === '' || isWrong}
            isPending={create.isPending}
            onPress={() => create.mutate()}
          >
            {t('create')}
          </Button>
        </>
      }
    >
      <div className="space-y-4">
        <TextField
          label={t('name')}
          description={t('projects.nameHelp')}
          error={isWrong ? t('nameWrong') : undefined}
          value={name}
          onChange={setName}
          autoFocus
        />
        <TextField label={t('projects.title')} value={title} onChange={setTitle} maxLength={100} />
        {create.isError && <ErrorState isInline error={create.error} />}
      </div>
    </Dialog>
  );
}
