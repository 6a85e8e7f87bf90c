import { useQueryClient } from '@tanstack/react-query';
import { useBlocker } from '@tanstack/react-router';
import { Check, Circle, EllipsisVertical, History, Play, Save, Trash2 } from 'lucide-react';
import { useEffect, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { Badge } from '@/ui/Badge';
import { Button } from '@/ui/Button';
import { ConfirmDialog } from '@/ui/Dialog';
import { IconButton } from '@/ui/IconButton';
import { Menu } from '@/ui/Menu';
import { PageHeader } from '@/ui/PageHeader';
import { projectPath, useGo, useQueryState } from '@/ui/routing';
import { SegmentedControl } from '@/ui/SegmentedControl';
import { toastError } from '@/ui/Toast';
import { type Assets, deletePipeline, type PipelineDetail } from '../api';
import { allPorts } from '../graph/ports';
import { NewPipelineDialog } from '../list/NewPipelineDialog';
import { RunDialog } from '../RunDialog';
import { Canvas } from './Canvas';
import { ConflictDialog } from './ConflictDialog';
import { HistoryDialog } from './HistoryDialog';
import { Inspector } from './Inspector';
import { Palette } from './Palette';
import { PipelinePanel } from './PipelinePanel';
import { ProblemList } from './ProblemList';
import { useEditor } from './useEditor';
import { YamlView } from './YamlView';

interface EditorProps {
  project: string;
  pipeline: PipelineDetail;
  assets: Assets;
  parents: { label: string; href: string }[];
}

type Open = 'run' | 'history' | 'copy' | 'delete' | null;

export function Editor({ project, pipeline, assets, parents }: EditorProps) {
  const { t } = useTranslation('pipelines');
  const { relative } = useFormat();
  const go = useGo();
  const client = useQueryClient();
  const [query, setQuery] = useQueryState();
  const editor = useEditor(project, pipeline);
  const { store, document, problems, isDirty, saved, save, conflict } = editor;
  const [selected, setSelected] = useState<ReadonlySet<string>>(
    () => new Set(query.node ? [query.node] : []),
  );
  const [open, setOpen] = useState<Open>(null);
  const ports = useMemo(() => allPorts(document, assets.catalog), [document, assets.catalog]);
  const view = query.view === 'yaml' ? 'yaml' : query.view === 'settings' ? 'settings' : 'canvas';
  const nodes = (document.nodes ?? []).filter(({ id }) => selected.has(id));
  const only = nodes.length === 1 ? nodes[0] : undefined;
  const numErrors = problems.filter(({ severity }) => severity === 'error').length;

  const select = (ids: ReadonlySet<string>) => {
    setSelected(ids);
    const [first] = ids;
    setQuery({ node: ids.size === 1 && first && !first.includes('>') ? first : undefined });
  };
  // Leaving with changes that are not saved asks first; a step inside the editor does not leave it.
  const leaving = useBlocker({
    shouldBlockFn: ({ current, next }) => isDirty && current.pathname !== next.pathname,
    enableBeforeUnload: () => isDirty,
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
                      onAction: () => setOpen('history'),
                    },
                    { id: 'copy', label: t('editor.copy'), icon: Save, onAction: () => setOpen('copy') },
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
        <Badge>{t('editor.revision', { revision: saved.revision })}</Badge>
        <span className="flex items-center gap-1.5 truncate text-12 text-fg-3">
          {isDirty ? (
            <>
              <Circle aria-hidden className="size-2 fill-warning text-warning" /> {t('editor.unsaved')}
            </>
          ) : (
            <>
              <Check aria-hidden className="size-3.5" /> {t('editor.saved', { at: relative(saved.at) })}
            </>
          )}
        </span>
      </PageHeader>
      {view === 'yaml' && <YamlView store={store} document={document} problems={problems} />}
      {view === 'settings' && <PipelinePanel store={store} document={document} />}
      {view === 'canvas' && (
        <div className="flex min-h-0 flex-1">
          <Palette assets={assets} store={store} onAdded={(id) => select(new Set([id]))} />
          <div className="flex min-w-0 flex-1 flex-col">
            <Canvas
              editor={editor}
              ports={ports}
              catalog={assets.catalog}
              selected={selected}
              onSelect={select}
            />
            <ProblemList problems={problems} onPick={(node) => select(new Set([node]))} />
          </div>
          {only && (
            <Inspector
              key={only.id}
              node={only}
              store={store}
              document={document}
              assets={assets}
              ports={ports.get(only.id)}
              problems={problems.filter(({ node }) => node === only.id)}
              onClose={() => select(new Set())}
              onRenamed={(id) => select(new Set([id]))}
            />
          )}
        </div>
      )}
      {open === 'run' && (
        <RunDialog
          project={project}
          source={{ pipeline: pipeline.name }}
          document={document}
          assets={assets}
          isOpen
          onClose={() => setOpen(null)}
        />
      )}
      {open === 'history' && (
        <HistoryDialog
          project={project}
          name={pipeline.name}
          current={saved.revision}
          onClose={() => setOpen(null)}
          onPick={(revision) => {
            editor.adopt(revision, false);
            setOpen(null);
          }}
        />
      )}
      <NewPipelineDialog
        project={project}
        isOpen={open === 'copy'}
        onClose={() => setOpen(null)}
        document={document}
        suggestion={`${pipeline.name}-2`}
      />
      <ConfirmDialog
        title={t('editor.leaveTitle')}
        isOpen={leaving.status === 'blocked'}
        onClose={() => leaving.reset?.()}
        confirmLabel={t('editor.leave')}
        isDanger
        onConfirm={() => leaving.proceed?.()}
      >
        <p>{t('editor.leaveText')}</p>
      </ConfirmDialog>
      <ConflictDialog project={project} name={pipeline.name} editor={editor} isOpen={conflict.isOpen} />
      <ConfirmDialog
        title={t('editor.deleteTitle', { name: pipeline.name })}
        isOpen={open === 'delete'}
        onClose={() => setOpen(null)}
        confirmLabel={t('editor.delete')}
        isDanger
        onConfirm={() =>
          void deletePipeline(project, pipeline.name).then(
            () => {
              void client.invalidateQueries({ queryKey: ['pipelines', project] });
              go(projectPath(project, 'pipelines'));
            },
            (error) => toastError(error, t('editor.deleteFailed')),
          )
        }
      >
        <p>{t('editor.deleteText')}</p>
      </ConfirmDialog>
    </div>
  );
}
