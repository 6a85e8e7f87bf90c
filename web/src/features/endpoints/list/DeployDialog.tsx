import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { later } from '@/i18n';
import { Button } from '@/ui/Button';
import { Dialog } from '@/ui/Dialog';
import { projectPath, useGo } from '@/ui/routing';
import { ComboBox, Select } from '@/ui/Select';
import { TextField } from '@/ui/TextField';
import { toastError } from '@/ui/Toast';
import { deploy, modelsQuery } from '../api';
import { isName } from '../model';

interface DeployDialogProps {
  project: string;
  isOpen: boolean;
  onClose: () => void;
  /** Chosen ahead, as from the page of a model: `endpoints?deploy=digits&version=2`. */
  model?: string;
  version?: string;
}

/** Puts a version of a model behind a name. */
export function DeployDialog({ project, isOpen, onClose, ...given }: DeployDialogProps) {
  const { t } = useTranslation('endpoints');
  const go = useGo();
  const client = useQueryClient();
  const models = useQuery({ ...modelsQuery(project), enabled: isOpen });
  const [model, setModel] = useState<string | null>(given.model ?? null);
  const [version, setVersion] = useState(given.version ?? 'latest');
  const [name, setName] = useState<string | null>(null);
  const ownName = name ?? model ?? '';
  const found = models.data?.items.find((each) => each.name === model);
  const isReady = model !== null && isName(ownName);
  const start = useMutation({
    mutationFn: () =>
      deploy(project, {
        name: ownName,
        model: model ?? '',
        version: version === 'latest' ? null : Number(version),
      }),
    onSuccess: (endpoint) => {
      void client.invalidateQueries({ queryKey: ['endpoints', project] });
      go(projectPath(project, 'endpoints', endpoint.name));
    },
    onError: (error) => toastError(error, later('endpoints', 'deploy.failed')),
  });
  const versions = Array.from({ length: found?.latest.version ?? 0 }, (_, index) => {
    const number = (found?.latest.version ?? 0) - index;
    return { id: String(number), label: `v${number}` };
  });
  return (
    <Dialog
      title={t('deploy.title')}
      isOpen={isOpen}
      onClose={onClose}
      size="small"
      footer={
        <>
          <Button onPress={onClose}>{t('cancel', { ns: 'common' })}</Button>
          <Button
            variant="primary"
            isDisabled={!isReady}
            isPending={start.isPending}
            onPress={() => start.mutate()}
          >
            {t('deploy.action')}
          </Button>
        </>
      }
    >
      <div className="space-y-4">
        <ComboBox
          label={t('list.model')}
          options={(models.data?.items ?? []).map((each) => ({
            id: each.name,
            label: each.name,
            note: each.latest.task,
          }))}
          value={model}
          onChange={setModel}
          emptyText={t('deploy.noModel')}
          placeholder={t('deploy.chooseModel')}
        />
        {found && (
          <Select
            label={t('deploy.version')}
            options={[
              { id: 'latest', label: t('deploy.latest', { version: found.latest.version }) },
              ...versions,
            ]}
            value={version}
            onChange={setVersion}
          />
        )}
        <TextField
          label={t('deploy.name')}
          description={t('deploy.nameHelp')}
          error={ownName !== '' && !isName(ownName) ? t('deploy.nameRule') : undefined}
          value={ownName}
          onChange={setName}
        />
      </div>
    </Dialog>
  );
}
