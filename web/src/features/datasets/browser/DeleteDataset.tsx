import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '@/api/client';
import { later } from '@/i18n';
import { ConfirmDialog } from '@/ui/Dialog';
import { projectPath, useGo } from '@/ui/routing';
import { toast, toastError } from '@/ui/Toast';
import { deleteDataset } from '../api';

interface DeleteDatasetProps {
  project: string;
  dataset: Schemas['DatasetDetail'];
  onClose: () => void;
}

/** Asks before deleting a dataset with all its versions, and says who reads it. */
export default function DeleteDataset({ project, dataset, onClose }: DeleteDatasetProps) {
  const { t } = useTranslation('datasets');
  const client = useQueryClient();
  const go = useGo();
  const remove = useMutation({
    mutationFn: () => deleteDataset(project, dataset.name),
    onSuccess: () => {
      go(projectPath(project, 'datasets'));
      void client.invalidateQueries({ queryKey: ['datasets', project] });
      toast({ tone: 'ok', title: later('datasets', 'deleted', { name: dataset.name }) });
    },
    onError: (error) => toastError(error, later('datasets', 'deleteDataset')),
    onSettled: onClose,
  });
  return (
    <ConfirmDialog
      title={t('deleteDataset')}
      isOpen
      isDanger
      onClose={onClose}
      confirmLabel={t('delete')}
      isPending={remove.isPending}
      onConfirm={() => remove.mutate()}
    >
      <p>{t('deleteWhat', { name: dataset.name, count: dataset.num_versions })}</p>
      {dataset.used_by.length > 0 && <p>{t('deleteUsed', { count: dataset.used_by.length })}</p>}
    </ConfirmDialog>
  );
}
