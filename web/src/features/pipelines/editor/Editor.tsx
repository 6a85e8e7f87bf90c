import { useQuery } from '@tanstack/react-query';
import { useBlocker } from '@tanstack/react-router';
import {
  EllipsisVertical,
  FileDown,
  History,
  Info,
  LayoutTemplate,
  Play,
  RotateCcw,
  Save,
  Trash2,
} from 'lucide-react';
import { lazy, Suspense, useEffect, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '@/ui/Button';
import { IconButton } from '@/ui/IconButton';
import { Menu } from '@/ui/Menu';
import { PageHeader } from '@/ui/PageHeader';
import { useQueryState } from '@/ui/routing';
import { SegmentedControl } from '@/ui/SegmentedControl';
import { Skeleton } from '@/ui/Skeleton';
import { EdgePreview } from '@/viz/flowing/EdgePreview';
import type { Assets } from '@/viz/graph/assets';
import { allPorts } from '@/viz/graph/ports';
import { lastTasksQuery, type PipelineDetail, type PipelineDraft } from '../api';
import { Canvas } from './Canvas';
import type { OpenDialog } from './EditorDialogs';
import { Palette } from './Palette';
import { ProblemList } from './ProblemList';
import { SaveState } from './SaveState';
import { useEditor } from './useEditor';

const EditorDialogs = lazy(() => import('./EditorDialogs'));
const HistoryPanel = lazy(() => import('../revisions/HistoryPanel'));
const Inspector = lazy(() => import('./Inspector'));
const PipelinePanel = lazy(() => import('./PipelinePanel'));
const RevisionView = lazy(() => import('../revisions/RevisionView'));
const YamlView = lazy(() => import('./YamlView'));

/** The place of a panel beside the canvas while it is fetched. */
const SIDE = 'w-[316px] shrink-0 border-l border-line bg-surface';

interface EditorProps {
  project: string;
  pipeline: PipelineDetail;
  draft: PipelineDraft | null;
  assets: Assets;
  parents: { label: string; href: string }[];
}

export function Editor({ project, pipeline, draft, assets, parents }: EditorProps) {
  const { t } = useTranslation('pipelines');
  const [query, setQuery] = useQueryState();
  const editor = useEditor(project, pipeline, draft);
  const { store, document, problems, isDirty, saved, save, conflict } = editor;
  const [selected, setSelected] = useState<ReadonlySet<string>>(
    () => new Set(query.node ? [query.node] : []),
  );
  const [open, setOpen] = useState<OpenDialog>(null);
  const lastTasks = useQuery(lastTasksQuery(project, pipeline.last_run_id));
  const ports = useMemo(() => allPorts(document, assets.catalog), [document, assets.catalog]);
  const hasHistory = query.history !== undefined;
  const looked = Number(query.revision) || null;
  const view = query.view === 'yaml' ? 'yaml' : query.view === 'settings' ? 'settings' : 'canvas';
  const nodes = (document.nodes ?? []).filter(({ id }) => selected.has(id));
  const only = nodes.length === 1 ? nodes[0] : undefined;
  const numErrors = problems.filter(({ severity }) => severity === 'error').length;

  const select = (ids: ReadonlySet<string>) => {
    setSelected(ids);
    const [first] = ids;
    setQuery({ node: ids.size === 1 && first && !/[>/]/.test(first) ? first : undefined });
  };
  const showHistory = (isOpen: boolean) =>
    setQuery({ history: isOpen ? '1' : undefined, revision: undefined, view: undefined });
  // Leaving saves the draft first, and asks only when that does not work; a step inside the editor does not leave it.
  const leaving = useBlocker({
    shouldBlockFn: async ({ current, next }) =>
      current.pathname !== next.pathname && !(await editor.draft.keeper.flush()),
    enableBeforeUnload: () => editor.draft.keeper.isBehind,
    withResolver: true,
  });
  const run = async () => {
    if (isDirty)
      await save.mutateAsync({}).then(
        () => setOpen('run'),
        () => undefined,
      );
    else setOpen('run');
  };

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!(event.metaKey || event.ctrlKey)) return;
      if (event.key === 's') {
        event.preventDefault();
        save.mutate({});
      } else if (event.key === 'Enter') {
        event.preventDefault();
        void run();
      }
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  });

  return (
    <div className="flex h-full min-h-0 flex-col">
      <PageHeader
        parents={parents}
        title={pipeline.name}
        isName
        actions={
          <>
            <SegmentedControl
              label={t('editor.view')}
              value={view}
              onChange={(id) => setQuery({ view: id === 'canvas' ? undefined : id })}
              items={[
                { id: 'canvas', label: t('editor.canvas') },
                { id: 'yaml', label: 'YAML' },
                { id: 'settings', label: t('editor.settings') },
              ]}
            />
            <Menu
              label={t('editor.more')}
              groups={[
                {
                  items: [
                    {
                      id: 'history',
                      label: t('editor.history'),
                      icon: History,
                      onAction: () => showHistory(!hasHistory),
                    },
                    {
                      id: 'discard',
                      label: t('draft.discard', { revision: saved.revision }),
                      icon: RotateCcw,
                      isDisabled: !isDirty,
                      onAction: () => store.change(saved.document),
                    },
                    { id: 'copy', label: t('editor.copy'), icon: Save, onAction: () => setOpen('copy') },
                    {
                      id: 'export',
                      label: t('editor.export'),
                      icon: FileDown,
                      onAction: () => void import('../yaml/file').then((file) => file.saveAsFile(document)),
                    },
                    {
                      id: 'template',
                      label: t('template.menu'),
                      icon: LayoutTemplate,
                      onAction: () => setOpen('template'),
                    },
                  ],
                },
                {
                  items: [
                    {
                      id: 'delete',
                      label: t('editor.delete'),
                      icon: Trash2,
                      isDanger: true,
                      onAction: () => setOpen('delete'),
                    },
                  ],
                },
              ]}
            >
              <IconButton icon={EllipsisVertical} label={t('editor.more')} />
            </Menu>
            <Button isDisabled={!isDirty} isPending={save.isPending} onPress={() => save.mutate({})}>
              <Save aria-hidden />
              {t('editor.save')}
            </Button>
            <Button variant="primary" isDisabled={numErrors > 0} onPress={() => void run()}>
              <Play aria-hidden />
              {t('editor.run')}
            </Button>
          </>
        }
      >
        <SaveState editor={editor} onChoose={() => setOpen('draft')} />
      </PageHeader>
      {pipeline.revision > saved.revision && (
        <p
          role="status"
          className="flex h-10 shrink-0 items-center gap-2 border-b border-line bg-accent-soft px-4 text-13"
        >
          <Info aria-hidden className="size-4 shrink-0 text-accent" />
          <span className="min-w-0 flex-1 truncate">
            {t('conflict.newer', { name: pipeline.updated_by, revision: pipeline.revision })}
          </span>
          <Button size="small" onPress={isDirty ? conflict.open : conflict.adopt}>
            {isDirty ? t('conflict.compare') : t('conflict.show')}
          </Button>
        </p>
      )}
      {view !== 'canvas' && (
        <Suspense fallback={<Skeleton className="m-4 min-h-0 flex-1" />}>
          {view === 'yaml' && <YamlView store={store} document={document} problems={problems} />}
          {view === 'settings' && <PipelinePanel store={store} document={document} />}
        </Suspense>
      )}
      {view === 'canvas' && (
        <div className="flex min-h-0 flex-1">
          {hasHistory && looked !== null ? (
            <Suspense fallback={<Skeleton className="m-4 min-h-0 flex-1" />}>
              <RevisionView
                project={project}
                name={pipeline.name}
                revision={looked}
                catalog={assets.catalog}
                onBack={() => setQuery({ revision: undefined })}
                onRestore={(other) =>
                  editor.restore(looked, other).then(
                    () => setQuery({ revision: undefined }),
                    () => undefined,
                  )
                }
              />
            </Suspense>
          ) : (
            <>
              <Palette assets={assets} store={store} onAdded={(id) => select(new Set([id]))} />
              <div className="flex min-w-0 flex-1 flex-col">
                <Suspense fallback={<Skeleton className="m-4 min-h-0 flex-1" />}>
                  <Canvas
                    editor={editor}
                    ports={ports}
                    catalog={assets.catalog}
                    selected={selected}
                    onSelect={select}
                  >
                    <EdgePreview project={project} document={document} tasks={lastTasks.data ?? []} />
                  </Canvas>
                </Suspense>
                <ProblemList problems={problems} onPick={(node) => select(new Set([node]))} />
              </div>
            </>
          )}
          {hasHistory && (
            <Suspense fallback={<aside className={SIDE} />}>
              <HistoryPanel
                project={project}
                name={pipeline.name}
                draft={isDirty ? { document, base: saved.document } : null}
                shown={looked}
                onShow={(revision) =>
                  setQuery({ revision: revision === null ? undefined : String(revision) })
                }
                onClose={() => showHistory(false)}
              />
            </Suspense>
          )}
          {only && !hasHistory && (
            <Suspense fallback={<aside className={SIDE} />}>
              <Inspector
                key={only.id}
                node={only}
                store={store}
                document={document}
                assets={assets}
                ports={ports.get(only.id)}
                problems={problems.filter(({ node }) => node === only.id)}
                last={lastTasks.data?.find(({ name }) => name === only.id)}
                onClose={() => select(new Set())}
                onRenamed={(id) => select(new Set([id]))}
                onAdded={(id) => select(new Set([id]))}
              />
            </Suspense>
          )}
        </div>
      )}
      {(open !== null || conflict.isOpen || leaving.status === 'blocked') && (
        <Suspense>
          <EditorDialogs
            project={project}
            pipeline={pipeline}
            assets={assets}
            editor={editor}
            open={open}
            onOpen={setOpen}
            leaving={leaving.status === 'blocked' ? leaving : null}
          />
        </Suspense>
      )}
    </div>
  );
}
