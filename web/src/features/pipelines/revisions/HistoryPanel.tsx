import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Badge } from '@/ui/Badge';
import { Button } from '@/ui/Button';
import { cx } from '@/ui/cx';
import { ErrorState } from '@/ui/ErrorState';
import { IconButton } from '@/ui/IconButton';
import { Skeleton, SkeletonRows } from '@/ui/Skeleton';
import { Time } from '@/ui/Time';
import { useTold } from '@/ui/told';
import { emptyDocument, type PipelineDocument } from '@/viz/graph/document';
import { type Revision, revisionQuery, revisionsQuery } from '../api';
import { ChangeList } from './ChangeList';

interface HistoryPanelProps {
  project: string;
  name: string;
  /** What is drawn but no revision yet, and the revision that it began from. */
  draft: { document: PipelineDocument; base: PipelineDocument } | null;
  /** The revision that is looked at; null for what is being edited. */
  shown: number | null;
  onShow: (revision: number | null) => void;
  onClose: () => void;
}

/** The revisions of a pipeline: who saved when, and what they changed. One of them can be looked at on the canvas. */
export default function HistoryPanel({ project, name, draft, shown, onShow, onClose }: HistoryPanelProps) {
  const { t } = useTranslation('pipelines');
  const revisions = useInfiniteQuery(revisionsQuery(project, name));
  const items = revisions.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <aside
      aria-label={t('editor.history')}
      className="flex w-[316px] shrink-0 flex-col overflow-hidden border-l border-line bg-surface"
    >
      <header className="flex items-center gap-3 py-2 pr-2 pl-4">
        <h2 className="min-w-0 flex-1 text-14 font-semibold">{t('editor.history')}</h2>
        <IconButton icon={X} label={t('close', { ns: 'common' })} onPress={onClose} />
      </header>
      <div className="min-h-0 flex-1 overflow-auto border-t border-line p-2">
        {revisions.isError && <ErrorState error={revisions.error} isInline />}
        {revisions.isPending && <SkeletonRows />}
        <ol aria-label={t('history.list')} className="space-y-0.5">
          {draft && (
            <Entry isShown={shown === null} onShow={() => onShow(null)} title={t('history.draft')}>
              <ChangeList before={draft.base} after={draft.document} />
            </Entry>
          )}
          {items.map((each, index) => (
            <RevisionEntry
              key={each.revision}
              project={project}
              name={name}
              revision={each}
              isLatest={index === 0}
              isShown={shown === each.revision || (shown === null && index === 0 && !draft)}
              onShow={() => onShow(index === 0 && !draft ? null : each.revision)}
            />
          ))}
        </ol>
        {revisions.hasNextPage && (
          <div className="p-2 text-center">
            <Button
              size="small"
              isPending={revisions.isFetchingNextPage}
              onPress={() => void revisions.fetchNextPage()}
            >
              {t('history.older')}
            </Button>
          </div>
        )}
      </div>
    </aside>
  );
}

interface RevisionEntryProps {
  project: string;
  name: string;
  revision: Revision;
  isLatest: boolean;
  isShown: boolean;
  onShow: () => void;
}

function RevisionEntry({ project, name, revision, isLatest, isShown, onShow }: RevisionEntryProps) {
  const { t } = useTranslation('pipelines');
  const told = useTold();
  const { revision: number, created_at, created_by } = revision;
  const own = useQuery(revisionQuery(project, name, number));
  const before = useQuery({ ...revisionQuery(project, name, number - 1), enabled: number > 1 });
  const base = number > 1 ? before.data : emptyDocument(name);
  const error = own.error ?? before.error;
  return (
    <Entry
      isShown={isShown}
      onShow={onShow}
      title={`#${number}`}
      aside={isLatest && <Badge tone="ok">{t('editor.current')}</Badge>}
      note={
        <>
          {created_by} · <Time at={created_at} />
        </>
      }
    >
      {error && <p className="text-12 text-failed">{told(error)}</p>}
      {!error &&
        (own.data && base ? (
          <ChangeList before={base} after={own.data} />
        ) : (
          <Skeleton className="h-4 w-32" />
        ))}
    </Entry>
  );
}

interface EntryProps {
  isShown: boolean;
  onShow: () => void;
  title: string;
  aside?: ReactNode;
  note?: ReactNode;
  children: ReactNode;
}

function Entry({ isShown, onShow, title, aside, note, children }: EntryProps) {
  return (
    <li className={cx('relative rounded-md px-2.5 py-2', isShown ? 'bg-accent-soft' : 'hover:bg-sunken')}>
      <button
        type="button"
        aria-current={isShown ? 'true' : undefined}
        onClick={onShow}
        className="flex w-full items-baseline gap-2 text-left text-13 after:absolute after:inset-0 after:rounded-md"
      >
        <span className="font-semibold">{title}</span>
        <span className="min-w-0 flex-1 truncate text-12 text-fg-2">{note}</span>
        {aside}
      </button>
      <div className="mt-1">{children}</div>
    </li>
  );
}
