import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import { ProblemError } from '@/api/problem';
import { later } from '@/i18n';
import { useFormat } from '@/i18n/format';
import { toast, toastError } from '@/ui/Toast';
import { isEqual } from '@/viz/form/equal';
import type { PipelineDocument } from '@/viz/graph/document';
import {
  deleteDraft,
  getDraft,
  type PipelineDetail,
  type PipelineDraft,
  type Problem,
  pipelineQuery,
  putDraft,
  savePipeline,
  validate,
} from '../api';
import { type Draft, DraftKeeper } from './draft';
import { Store } from './history';

const VALIDATE_AFTER_MS = 400;
const CONFLICT = new Set([409, 412]);

/** The document being edited, what is wrong with it, and how its drafts and revisions are saved. */
export function useEditor(project: string, pipeline: PipelineDetail, draft: PipelineDraft | null) {
  const client = useQueryClient();
  const [store] = useState(() => {
    const store = new Store(pipeline.document as unknown as PipelineDocument);
    if (draft && !isEqual(draft.document, pipeline.document)) store.change(draft.document);
    return store;
  });
  const history = useSyncExternalStore(store.subscribe, store.get);
  const document = history.present;
  const [saved, setSaved] = useState(() => ({
    document: pipeline.document as unknown as PipelineDocument,
    revision: history.past.length > 0 && draft ? draft.base_revision : pipeline.revision,
    at: pipeline.updated_at,
  }));
  const [hasConflict, setConflict] = useState(false);
  const isDirty = useMemo(() => !isEqual(document, saved.document), [document, saved.document]);
  const problems = useProblems(project, document, pipeline.problems);
  const keeper = useDraftKeeper(project, pipeline.name, draft, saved.revision);
  const draftState = useSyncExternalStore(keeper.subscribe, keeper.get);
  useEffect(() => keeper.want(isDirty ? document : null), [keeper, isDirty, document]);

  const save = useMutation({
    /** `expected` is the latest revision as far as is known here; null saves in any case. */
    mutationFn: ({ expected = saved.revision }: { expected?: number | null } = {}) =>
      savePipeline(project, pipeline.name, store.get().present, expected),
    onMutate: () => ({ document: store.get().present }),
    onSuccess: (next, _, { document: sent }) => {
      setSaved({ document: sent, revision: next.revision, at: next.updated_at });
      setConflict(false);
      const present = store.get().present;
      keeper.want(isEqual(present, sent) ? null : present);
      void keeper.flush();
      client.setQueryData(pipelineQuery(project, pipeline.name).queryKey, next);
      void client.invalidateQueries({ queryKey: ['pipelines', project] });
      void client.invalidateQueries({ queryKey: ['pipeline', project, pipeline.name, 'revisions'] });
    },
    onError: async (error) => {
      if (error instanceof ProblemError && CONFLICT.has(error.status)) {
        await client.refetchQueries({
          queryKey: pipelineQuery(project, pipeline.name).queryKey,
          exact: true,
        });
        setConflict(true);
      } else toastError(error, later('pipelines', 'editor.saveFailed'));
    },
  });

  /** Take the latest revision, which somebody else saved, as the text to edit; it can be undone. */
  const adopt = () => {
    const theirs = pipeline.document as unknown as PipelineDocument;
    store.change(theirs);
    setSaved({ document: theirs, revision: pipeline.revision, at: pipeline.updated_at });
    setConflict(false);
    tellUndo(later('pipelines', 'editor.adopted', { revision: pipeline.revision }));
  };

  /** Make an old revision the newest. What is drawn but not saved becomes a revision first, so that it is kept. */
  const restore = async (revision: number, other: PipelineDocument) => {
    const kept = isDirty ? await save.mutateAsync({}) : saved;
    store.change(other);
    const next = await save.mutateAsync({ expected: kept.revision });
    tellUndo(later('pipelines', 'history.restored', { revision, next: next.revision }));
  };

  const tellUndo = (title: () => string) =>
    toast({
      tone: 'ok',
      title,
      action: { label: later('pipelines', 'canvas.undo'), onPress: () => store.undo() },
    });

  /** Take what another window of the same person drew. */
  const takeOtherDraft = async () => {
    const other = await getDraft(project, pipeline.name);
    keeper.accept(asKept(other));
    store.change(other?.document ?? saved.document);
    if (other) setSaved((old) => ({ ...old, revision: other.base_revision }));
  };

  return {
    store,
    document,
    history,
    problems,
    isDirty,
    saved,
    save,
    restore,
    draft: { state: draftState, keeper, takeOther: takeOtherDraft },
    conflict: {
      isOpen: hasConflict,
      open: () => setConflict(true),
      close: () => setConflict(false),
      adopt,
    },
  };
}

export type EditorState = ReturnType<typeof useEditor>;

function asKept(draft: PipelineDraft | null): Draft<PipelineDocument> | null {
  return draft && { draft: draft.document, tag: draft.tag, at: draft.saved_at };
}

function useDraftKeeper(project: string, name: string, draft: PipelineDraft | null, baseRevision: number) {
  const base = useRef(baseRevision);
  base.current = baseRevision;
  const [keeper] = useState(
    () =>
      new DraftKeeper<PipelineDocument>(
        {
          get: async () => asKept(await getDraft(project, name)),
          put: async (document, tag) => {
            const kept = await putDraft(project, name, { document, base_revision: base.current }, tag);
            return { tag: kept.tag, at: kept.saved_at };
          },
          remove: (tag) => deleteDraft(project, name, tag),
        },
        isEqual,
        asKept(draft),
      ),
  );
  useEffect(() => {
    const onHidden = () => globalThis.document.visibilityState === 'hidden' && void keeper.flush();
    globalThis.document.addEventListener('visibilitychange', onHidden);
    return () => {
      globalThis.document.removeEventListener('visibilitychange', onHidden);
      void keeper.flush().then(() => keeper.close());
    };
  }, [keeper]);
  return keeper;
}

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
  const { worded } = useFormat();
  const problems = answer.data ?? first;
  return useMemo(() => problems.map(worded), [problems, worded]);
}
