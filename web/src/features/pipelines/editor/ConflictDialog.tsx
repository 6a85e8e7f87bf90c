import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '@/ui/Button';
import { Dialog } from '@/ui/Dialog';
import { Skeleton } from '@/ui/Skeleton';
import type { PipelineDocument } from '@/viz/graph/document';
import { draftQuery, getDraft, type PipelineDetail, revisionQuery } from '../api';
import { ChangeList } from '../revisions/ChangeList';
import type { EditorState } from './useEditor';

interface ConflictDialogProps {
  project: string;
  pipeline: PipelineDetail;
  editor: EditorState;
  onCopy: () => void;
}

/** Somebody else saved in the meantime: what they changed, what oneself changed, and nothing is lost whatever one takes. */
export function ConflictDialog({ project, pipeline, editor, onCopy }: ConflictDialogProps) {
  const { t } = useTranslation('pipelines');
  const { revision } = editor.saved;
  const base = useQuery(revisionQuery(project, pipeline.name, revision)).data;
  return (
    <Dialog
      title={t('conflict.title', { name: pipeline.updated_by })}
      isOpen
      onClose={editor.conflict.close}
      footer={
        <>
          <Button onPress={editor.conflict.close}>{t('conflict.keep')}</Button>
          <Button onPress={onCopy}>{t('conflict.copy')}</Button>
          <Button isPending={editor.save.isPending} onPress={() => editor.save.mutate({ expected: null })}>
            {t('conflict.overwrite')}
          </Button>
          <Button variant="primary" onPress={editor.conflict.adopt}>
            {t('conflict.theirs')}
          </Button>
        </>
      }
    >
      <p className="text-13 text-fg-2">{t('conflict.text', { revision, next: pipeline.revision })}</p>
      <Sides>
        <Side
          title={t('conflict.theyChanged', { name: pipeline.updated_by })}
          before={base}
          after={pipeline.document as unknown as PipelineDocument}
        />
        <Side title={t('conflict.youChanged')} before={base} after={editor.document} />
      </Sides>
    </Dialog>
  );
}

interface DraftConflictDialogProps {
  project: string;
  name: string;
  editor: EditorState;
  onClose: () => void;
}

/** Another window of the same person saved its draft. */
export function DraftConflictDialog({ project, name, editor, onClose }: DraftConflictDialogProps) {
  const { t } = useTranslation('pipelines');
  const other = useQuery({
    ...draftQuery(project, name),
    queryKey: ['draft', project, name, 'other'],
    queryFn: () => getDraft(project, name),
  });
  const base = editor.saved.document;
  return (
    <Dialog
      title={t('draft.otherWindow')}
      isOpen
      onClose={onClose}
      footer={
        <>
          <Button
            onPress={() => {
              editor.draft.keeper.overwrite();
              onClose();
            }}
          >
            {t('draft.takeThis')}
          </Button>
          <Button
            variant="primary"
            isDisabled={!other.isSuccess}
            onPress={() => void editor.draft.takeOther().then(onClose)}
          >
            {t('draft.takeOther')}
          </Button>
        </>
      }
    >
      <p className="text-13 text-fg-2">{t('draft.otherText')}</p>
      <Sides>
        <Side
          title={t('draft.there')}
          before={base}
          after={other.data === null ? base : other.data?.document}
        />
        <Side title={t('draft.here')} before={base} after={editor.document} />
      </Sides>
    </Dialog>
  );
}

function Sides({ children }: { children: ReactNode }) {
  return <div className="mt-4 grid grid-cols-2 gap-3">{children}</div>;
}

interface SideProps {
  title: string;
  before: PipelineDocument | undefined;
  after: PipelineDocument | undefined;
}

function Side({ title, before, after }: SideProps) {
  return (
    <section className="min-w-0 rounded-md border border-line p-3">
      <h3 className="mb-1.5 truncate text-12 font-semibold">{title}</h3>
      {before && after ? (
        <ChangeList before={before} after={after} most={8} />
      ) : (
        <Skeleton className="h-10" />
      )}
    </section>
  );
}
