import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '@/api/client';
import { later } from '@/i18n';
import { ConfirmDialog } from '@/ui/Dialog';
import { projectPath, useGo } from '@/ui/routing';
import { toast, toastError } from '@/ui/Toast';
import { deleteModel, type ModelVersion } from './api';

interface DeleteModelProps {
  project: string;
  model: Schemas['ModelDetail'];
  version: ModelVersion;
  onClose: () => void;
}

/** Asks before deleting a model, and says who serves it. */
export function DeleteModel({ project, model, version, onClose }: DeleteModelProps) {
  const { t } = useTranslation('models');
  const client = useQueryClient();
  const go = useGo();
  const remove = useMutation({
    mutationFn: () => deleteModel(project, model.name),
    onSuccess: () => {
      go(projectPath(project, 'models'));
      void client.invalidateQueries({ queryKey: ['models', project] });
      toast({ tone: 'ok', title: later('models', 'deleted', { name: model.name }) });
    },
    onError: (error) => toastError(error, later('models', 'deleteTitle')),
    onSettled: onClose,
  });
  return (
    <ConfirmDialog
      title={t('deleteTitle')}
      isOpen
      isDanger
      onClose={onClose}
      confirmLabel={t('delete')}
      isPending={remove.isPending}
      onConfirm={() => remove.mutate()}
    >
      <p>{t('deleteWhat', { name: model.name, count: model.num_versions })}</p>
      {version.endpoints.length > 0 && (
        <p className="font-medium text-failed">
          {t('deleteServed', { endpoints: version.endpoints.join(', ') })}
        </p>
      )}
    </ConfirmDialog>
  );
}
