import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { later } from '@/i18n';
import { Button } from '@/ui/Button';
import { Dialog } from '@/ui/Dialog';
import { projectPath, useGo } from '@/ui/routing';
import { TextField } from '@/ui/TextField';
import { toastError } from '@/ui/Toast';
import { emptyDocument, NAME_PATTERN, type PipelineDocument } from '@/viz/graph/document';
import { createPipeline } from '@/viz/plan/api';

interface NewPipelineDialogProps {
  project: string;
  isOpen: boolean;
  onClose: () => void;
  title?: string;
  /** What it begins with; an empty canvas when left out. */
  document?: PipelineDocument;
  suggestion?: string;
}

/** Asks for the name of a new pipeline, makes it and opens it. */
export function NewPipelineDialog({
  project,
  isOpen,
  onClose,
  title,
  document,
  suggestion = '',
}: NewPipelineDialogProps) {
  const { t } = useTranslation('pipelines');
  const go = useGo();
  const client = useQueryClient();
  const [name, setName] = useState(suggestion);
  const isName = NAME_PATTERN.test(name);
  const create = useMutation({
    mutationFn: () =>
      createPipeline(project, { name, document: { ...(document ?? emptyDocument(name)), name } }),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['pipelines', project] });
      go(projectPath(project, 'pipelines', name));
    },
    onError: (error) => toastError(error, later('pipelines', 'list.createFailed')),
  });
  return (
    <Dialog
      title={title ?? (document ? t('list.copyTitle') : t('list.new'))}
      isOpen={isOpen}
      onClose={onClose}
      size="small"
      footer={
        <>
          <Button onPress={onClose}>{t('cancel', { ns: 'common' })}</Button>
          <Button
            variant="primary"
            isDisabled={!isName}
            isPending={create.isPending}
            onPress={() => create.mutate()}
          >
            {t('list.create')}
          </Button>
        </>
      }
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (isName) create.mutate();
        }}
      >
        <TextField
          label={t('list.name')}
          description={t('list.nameRule')}
          error={name !== '' && !isName ? t('list.nameRule') : undefined}
          value={name}
          onChange={setName}
          autoFocus
        />
      </form>
    </Dialog>
  );
}
