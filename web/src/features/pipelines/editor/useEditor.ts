import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { ProblemError } from '@/api/problem';
import { toast, toastError } from '@/ui/Toast';
import { type PipelineDetail, type Problem, pipelineQuery, savePipeline, validate } from '../api';
import type { PipelineDocument } from '../graph/document';
import { Store } from './history';

const VALIDATE_AFTER_MS = 400;
const CONFLICT = new Set([409, 412]);

/** The document being edited, what is wrong with it, and how it is saved. */
export function useEditor(project: string, pipeline: PipelineDetail) {
  const { t } = useTranslation('pipelines');
  const client = useQueryClient();
  const [store] = useState(() => new Store(pipeline.document as unknown as PipelineDocument));
  const history = useSyncExternalStore(store.subscribe, store.get);
  const [saved, setSaved] = useState({
    document: store.get().present,
    revision: pipeline.revision,
    at: pipeline.updated_at,
  });
  const [hasConflict, setConflict] = useState(false);
  const document = history.present;
  const isDirty = useMemo(
    () => document !== saved.document && JSON.stringify(document) !== JSON.stringify(saved.document),
    [document, saved.document],
  );
  const problems = useProblems(project, document, pipeline.problems);

  const save = useMutation({
    mutationFn: ({ force = false }: { force?: boolean } = {}) =>
      savePipeline(project, pipeline.name, store.get().present, force ? null : saved.revision),
    onMutate: () => ({ document: store.get().present }),
    onSuccess: (next, _, { document: sent }) => {
      setSaved({ document: sent, revision: next.revision, at: next.updated_at });
      setConflict(false);
      client.setQueryData(pipelineQuery(project, pipeline.name).queryKey, next);
      void client.invalidateQueries({ queryKey: ['pipelines', project] });
      void client.invalidateQueries({ queryKey: ['pipeline', project, pipeline.name, 'revisions'] });
    },
    onError: (error) => {
      if (error instanceof ProblemError && CONFLICT.has(error.status)) setConflict(true);
      else toastError(error, t('editor.saveFailed'));
    },
  });

  /** Take another revision as the text to edit; it can be undone. */
  const adopt = (next: PipelineDetail, isSaved: boolean) => {
    const other = next.document as unknown as PipelineDocument;
    store.change(other);
    if (isSaved) setSaved({ document: other, revision: next.revision, at: next.updated_at });
    setConflict(false);
    toast({
      tone: 'info',
      title: t('editor.adopted', { revision: next.revision }),
      action: { label: t('canvas.undo'), onPress: () => store.undo() },
    });
  };

  return {
    store,
    document,
    history,
    problems,
    isDirty,
    saved,
    save,
    adopt,
    conflict: { isOpen: hasConflict, close: () => setConflict(false) },
  };
}

export type EditorState = ReturnType<typeof useEditor>;

/** What the server says is wrong, asked a moment after the last change. Moving nodes about asks nothing. */
function useProblems(project: string, document: PipelineDocument, first: Problem[]): Problem[] {
  const text = useMemo(() => JSON.stringify({ ...document, layout: undefined }), [document]);
  const [asked, setAsked] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setAsked(text), VALIDATE_AFTER_MS);
    return () => clearTimeout(timer);
  }, [text]);
  const answer = useQuery({
    queryKey: ['validate', project, asked],
    queryFn: () => validate(project, JSON.parse(asked) as PipelineDocument),
    placeholderData: (previous) => previous,
    retry: false,
    gcTime: 0,
  });
  return answer.data ?? first;
}
