import { useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { later } from '@/i18n';
import { ConfirmDialog } from '@/ui/Dialog';
import { projectPath, useGo } from '@/ui/routing';
import { toastError } from '@/ui/Toast';
import type { Assets } from '@/viz/graph/assets';
import { deletePipeline, type PipelineDetail } from '../api';
import { NewPipelineDialog } from '../list/NewPipelineDialog';
import { RunDialog } from '../RunDialog';
import { SaveTemplateDialog } from '../templates/SaveTemplateDialog';
import { ConflictDialog, DraftConflictDialog } from './ConflictDialog';
import type { EditorState } from './useEditor';

export type OpenDialog = 'run' | 'copy' | 'template' | 'delete' | 'draft' | null;

interface EditorDialogsProps {
  project: string;
  pipeline: PipelineDetail;
  assets: Assets;
  editor: EditorState;
  open: OpenDialog;
  onOpen: (dialog: OpenDialog) => void;
  /** Where the page is to be left though its draft could not be kept; null otherwise. */
  leaving: { proceed: () => void; reset: () => void } | null;
}

/** All that the editor asks, fetched when it first asks. */
export default function EditorDialogs(props: EditorDialogsProps) {
  const { project, pipeline, assets, editor, open, onOpen, leaving } = props;
  const { t } = useTranslation('pipelines');
  const go = useGo();
  const client = useQueryClient();
  const { document, conflict } = editor;
  const close = () => onOpen(null);
  return (
    <>
      {open === 'run' && (
        <RunDialog
          project={project}
          source={{ pipeline: pipeline.name }}
          document={document}
          assets={assets}
          isOpen
          onClose={close}
        />
      )}
      <NewPipelineDialog
        project={project}
        isOpen={open === 'copy'}
        onClose={close}
        document={document}
        suggestion={`${pipeline.name}-2`}
      />
      <ConfirmDialog
        title={t('editor.leaveTitle')}
        isOpen={leaving !== null}
        onClose={() => leaving?.reset()}
        confirmLabel={t('editor.leave')}
        isDanger
        onConfirm={() => leaving?.proceed()}
      >
        <p>{t('editor.leaveText')}</p>
      </ConfirmDialog>
      {conflict.isOpen && (
        <ConflictDialog
          project={project}
          pipeline={pipeline}
          editor={editor}
          onCopy={() => {
            conflict.close();
            onOpen('copy');
          }}
        />
      )}
      {open === 'template' && (
        <SaveTemplateDialog project={project} document={document} assets={assets} onClose={close} />
      )}
      {open === 'draft' && (
        <DraftConflictDialog project={project} name={pipeline.name} editor={editor} onClose={close} />
      )}
      <ConfirmDialog
        title={t('editor.deleteTitle', { name: pipeline.name })}
        isOpen={open === 'delete'}
        onClose={close}
        confirmLabel={t('editor.delete')}
        isDanger
        onConfirm={() =>
          void deletePipeline(project, pipeline.name).then(
            () => {
              void client.invalidateQueries({ queryKey: ['pipelines', project] });
              go(projectPath(project, 'pipelines'));
            },
            (error) => toastError(error, later('pipelines', 'editor.deleteFailed')),
          )
        }
      >
        <p>{t('editor.deleteText')}</p>
      </ConfirmDialog>
    </>
  );
}
