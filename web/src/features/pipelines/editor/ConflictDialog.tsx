import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, dataOf } from '@/api/client';
import { Button } from '@/ui/Button';
import { Dialog } from '@/ui/Dialog';
import { toastError } from '@/ui/Toast';
import type { EditorState } from './useEditor';

interface ConflictDialogProps {
  project: string;
  name: string;
  editor: EditorState;
  isOpen: boolean;
}

/** Somebody else saved in the meantime: nothing is lost before one has chosen. */
export function ConflictDialog({ project, name, editor, isOpen }: ConflictDialogProps) {
  const { t } = useTranslation('pipelines');
  const [isLoading, setLoading] = useState(false);
  const takeTheirs = async () => {
    setLoading(true);
    try {
      const theirs = await dataOf(
        api.GET('/api/v1/projects/{project}/pipelines/{name}', { params: { path: { project, name } } }),
      );
      editor.adopt(theirs, true);
    } catch (error) {
      toastError(error, t('editor.loadFailed'));
    } finally {
      setLoading(false);
    }
  };
  return (
    <Dialog
      title={t('conflict.title')}
      isOpen={isOpen}
      onClose={editor.conflict.close}
      footer={
        <>
          <Button onPress={editor.conflict.close}>{t('conflict.keep')}</Button>
          <Button isPending={editor.save.isPending} onPress={() => editor.save.mutate({ force: true })}>
            {t('conflict.overwrite')}
          </Button>
          <Button variant="primary" isPending={isLoading} onPress={() => void takeTheirs()}>
            {t('conflict.theirs')}
          </Button>
        </>
      }
    >
      <p className="text-13 text-fg-2">{t('conflict.text', { revision: editor.saved.revision })}</p>
    </Dialog>
  );
}
