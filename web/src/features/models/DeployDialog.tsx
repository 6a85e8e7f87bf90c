import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '@/ui/Button';
import { CodeBlock } from '@/ui/CodeBlock';
import { Dialog } from '@/ui/Dialog';
import { ErrorState } from '@/ui/ErrorState';
import { projectPath, useGo } from '@/ui/routing';
import { TextField } from '@/ui/TextField';
import { deployModel, type ModelVersion } from './api';

interface DeployDialogProps {
  project: string;
  version: ModelVersion;
  onClose: () => void;
}

/** Makes an endpoint that serves this version, then shows it. */
export function DeployDialog({ project, version, onClose }: DeployDialogProps) {
  const { t } = useTranslation('models');
  const [name, setName] = useState(version.name);
  const client = useQueryClient();
  const go = useGo();
  const deploy = useMutation({
    mutationFn: () =>
      deployModel(project, {
        name,
        model: version.name,
        version: version.version,
        parameters: {},
        priority: 0,
      }),
    onSuccess: (endpoint) => {
      void client.invalidateQueries({ queryKey: ['endpoints', project] });
      go(projectPath(project, 'endpoints', endpoint.name));
    },
  });
  const isWrong = !/^[a-z0-9][a-z0-9_.-]{0,62}$/.test(name);
  return (
    <Dialog
      title={t('deployTitle', { model: `${version.name}@${version.version}` })}
      isOpen
      onClose={onClose}
      footer={
        <>
          <Button onPress={onClose}>{t('cancel')}</Button>
          <Button
            variant="primary"
            isDisabled={isWrong}
            isPending={deploy.isPending}
            onPress={() => deploy.mutate()}
          >
            {t('deploy')}
          </Button>
        </>
      }
    >
      <div className="space-y-4">
        <p className="text-fg-2">{t('deployWhat')}</p>
        <TextField
          label={t('endpointName')}
          description={t('endpointHelp', { path: `/serve/${project}/${name}` })}
          error={isWrong ? t('nameWrong') : undefined}
          value={name}
          onChange={setName}
          autoFocus
        />
        {deploy.isError && <ErrorState isInline error={deploy.error} />}
        <CodeBlock code={`kpl endpoint create ${name} ${version.name}@${version.version}`} />
      </div>
    </Dialog>
  );
}
