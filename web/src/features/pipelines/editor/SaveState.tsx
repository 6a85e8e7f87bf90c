import { Check, CloudAlert, CloudCheck, CloudUpload } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { Badge } from '@/ui/Badge';
import { Button } from '@/ui/Button';
import { useNow } from '@/ui/Time';
import { Hint } from '@/ui/Tooltip';
import { useTold } from '@/ui/told';
import type { EditorState } from './useEditor';

/** Where what is drawn is kept: in a revision, in the draft, or nowhere yet and why. */
export function SaveState({ editor, onChoose }: { editor: EditorState; onChoose: () => void }) {
  const { t } = useTranslation('pipelines');
  const { state, keeper } = editor.draft;
  return (
    <>
      <Badge>{t('editor.revision', { revision: editor.saved.revision })}</Badge>
      <span role="status" className="flex min-w-0 items-center gap-1.5 text-12 whitespace-nowrap text-fg-3">
        <Words editor={editor} />
        {state.kind === 'failed' && (
          <Button size="small" variant="quiet" onPress={() => void keeper.flush()}>
            {t('draft.retry')}
          </Button>
        )}
        {state.kind === 'conflict' && (
          <Button size="small" variant="quiet" onPress={onChoose}>
            {t('draft.choose')}
          </Button>
        )}
      </span>
    </>
  );
}

function Words({ editor }: { editor: EditorState }) {
  const { t } = useTranslation('pipelines');
  const { relative } = useFormat();
  const told = useTold();
  useNow(30_000);
  const { state } = editor.draft;
  if (state.kind === 'saving')
    return (
      <>
        <CloudUpload aria-hidden className="size-4 shrink-0" /> {t('draft.saving')}
      </>
    );
  if (state.kind === 'kept')
    return (
      <>
        <CloudCheck aria-hidden className="size-4 shrink-0" />
        <Hint text={t('draft.keptHelp', { revision: editor.saved.revision, at: relative(state.at) })}>
          {t('draft.kept')}
        </Hint>
      </>
    );
  if (state.kind === 'none')
    return (
      <>
        <Check aria-hidden className="size-4 shrink-0" />{' '}
        {t('editor.saved', { at: relative(editor.saved.at) })}
      </>
    );
  const why = state.kind === 'conflict' ? t('draft.otherWindow') : told(state.error);
  return (
    <>
      <CloudAlert aria-hidden className="size-4 shrink-0 text-warning" />
      <Hint text={why}>
        <span className="block max-w-80 truncate text-warning">{t('draft.failed', { why })}</span>
      </Hint>
    </>
  );
}
