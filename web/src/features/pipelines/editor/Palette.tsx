import { ChartScatter, ChevronDown } from 'lucide-react';
import { type ReactNode, useMemo, useState, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { cx } from '@/ui/cx';
import { AppLink, projectPath, useProject } from '@/ui/routing';
import { SearchField } from '@/ui/TextField';
import type { Assets } from '@/viz/graph/assets';
import { FUNCTIONS, portColour } from '@/viz/graph/colours';
import type { PipelineDocument } from '@/viz/graph/document';
import { FunctionChip, NodeIcon } from '@/viz/graph/icons';
import { hasPlaces, loadArrange, placed } from '@/viz/graph/layout';
import { allPorts } from '@/viz/graph/ports';
import { textOf } from '@/viz/graph/schema';
import { searchStep } from '@/viz/search/search';
import { addNode, freePlace, moveNodes } from './actions';
import { DRAG_TYPE, type Dragged } from './drag';
import type { Store } from './history';

interface PaletteProps {
  assets: Assets;
  store: Store<PipelineDocument>;
  onAdded: (id: string) => void;
}

/** What a pipeline is made of: drag it onto the canvas, or press it (Enter) to add it beside what is there. */
export function Palette({ assets, store, onAdded }: PaletteProps) {
  const { t, i18n } = useTranslation('pipelines');
  const [search, setSearch] = useState('');
  const finds = (...words: string[]) => words.join(' ').toLowerCase().includes(search.trim().toLowerCase());
  const add = async (node: Dragged) => {
    const arrange = hasPlaces(store.get().present) ? null : await loadArrange();
    const ports = allPorts(store.get().present, assets.catalog);
    const layout = placed(store.get().present, ports, arrange);
    const document = moveNodes(store.get().present, layout);
    const right = Math.max(0, ...Object.values(layout).map(({ x }) => x + 280));
    const top = Math.min(...Object.values(layout).map(({ y }) => y), 160);
    const at = freePlace(document, Object.keys(layout).length > 0 ? { x: right, y: top } : { x: 0, y: 160 });
    const added = addNode(document, node, at);
    store.change(added.document);
    onAdded(added.id);
  };
  const hasSearch = finds(t('search.title'), 'search');
  const hasCondition = finds(t('node.condition'), t('condition.note'), 'condition');
  const datasets = assets.datasets.filter(({ name, latest }) => finds(name, latest.kind));
  const models = assets.models.filter(({ name, latest }) => finds(name, latest.task));
  const algorithms = assets.algorithms.filter(({ name, title, task }) =>
    finds(name, textOf(title, i18n.language), task),
  );
  return (
    <aside
      aria-label={t('palette.label')}
      className="flex w-60 shrink-0 flex-col overflow-hidden border-r border-line bg-surface"
    >
      <div className="p-3 pb-1">
        <SearchField id="palette-search" label={t('palette.search')} value={search} onChange={setSearch} />
      </div>
      <div className="min-h-0 flex-1 overflow-auto px-2 pb-4">
        <Group title={t('palette.datasets')} count={datasets.length}>
          {datasets.map(({ name, latest }) => (
            <Asset
              key={name}
              node={{ type: 'dataset', dataset: name }}
              title={name}
              note={`${t(`kind.${latest.kind}`, { defaultValue: latest.kind })} · ${latest.num_samples.toLocaleString('en-US')}`}
              onAdd={add}
            />
          ))}
        </Group>
        <Group title={t('palette.models')} count={models.length}>
          {models.map(({ name, latest }) => (
            <Asset
              key={name}
              node={{ type: 'model', model: name }}
              title={name}
              note={`${t(`kind.${latest.task}`, { defaultValue: latest.task })} · v${latest.version}`}
              onAdd={add}
            />
          ))}
        </Group>
        {(hasSearch || hasCondition) && (
          <Group title={t('palette.automation')} count={Number(hasSearch) + Number(hasCondition)}>
            {hasSearch && <SearchItem assets={assets} store={store} onAdd={add} />}
            {hasCondition && (
              <Asset
                node={{ type: 'condition', operator: '>=' }}
                title={t('node.condition')}
                note={t('condition.note')}
                onAdd={add}
              />
            )}
          </Group>
        )}
        <Group title={t('palette.algorithms')} count={algorithms.length}>
          {algorithms.map((algorithm) => (
            <div key={algorithm.name} className="rounded-md px-1.5 py-1.5">
              <div className="flex items-baseline gap-2">
                <span className="min-w-0 flex-1 truncate text-13 font-medium" title={algorithm.name}>
                  {textOf(algorithm.title, i18n.language) || algorithm.name}
                </span>
                <span className="shrink-0 text-11 text-fg-3">{algorithm.version}</span>
              </div>
              <div className="mt-1.5 flex flex-wrap gap-1">
                {FUNCTIONS.filter((name) => algorithm.functions.includes(name)).map((name) => (
                  <Item
                    key={name}
                    node={{ type: 'algorithm', algorithm: algorithm.name, function: name }}
                    label={`${algorithm.name} ${t(`function.${name}`)}`}
                    className="rounded-sm"
                    onAdd={add}
                  >
                    <FunctionChip name={name} label={t(`function.${name}`)} />
                  </Item>
                ))}
              </div>
            </div>
          ))}
        </Group>
      </div>
    </aside>
  );
}

/** Adds a step that searches, of the algorithm that fits what is there; without one, says what is missing. */
function SearchItem({
  assets,
  store,
  onAdd,
}: Pick<PaletteProps, 'assets' | 'store'> & Pick<AssetProps, 'onAdd'>) {
  const { t, i18n } = useTranslation('pipelines');
  const project = useProject();
  const document = useSyncExternalStore(store.subscribe, store.get).present;
  const step = useMemo(() => searchStep(assets.catalog, document), [assets.catalog, document]);
  const found = assets.algorithms.find(({ name }) => name === step?.algorithm);
  const icon = (
    <span
      aria-hidden
      className="grid size-7 shrink-0 place-items-center rounded-md bg-accent-soft text-accent"
    >
      <ChartScatter size={16} />
    </span>
  );
  if (!step)
    return (
      <div className="flex items-start gap-2.5 px-1.5 py-1">
        {icon}
        <p className="min-w-0 flex-1 text-12 text-fg-3">
          <span className="block text-13 leading-4 font-medium text-fg-2">{t('search.title')}</span>
          {t('search.nothingToSearch')}{' '}
          <AppLink href={projectPath(project, 'algorithms')} className="text-accent hover:underline">
            {t('search.install')}
          </AppLink>
        </p>
      </div>
    );
  return (
    <Item
      node={step}
      label={t('search.title')}
      onAdd={onAdd}
      className="flex w-full items-center gap-2.5 rounded-md px-1.5 py-1 text-left hover:bg-sunken"
    >
      {icon}
      <span className="min-w-0 flex-1">
        <span className="block truncate text-13 leading-4 font-medium">{t('search.title')}</span>
        <span className="block truncate text-11 leading-4 text-fg-3">
          {textOf(found?.title, i18n.language) || step.algorithm}
        </span>
      </span>
    </Item>
  );
}

function Group({ title, count, children }: { title: string; count: number; children: ReactNode }) {
  const [isOpen, setOpen] = useState(true);
  return (
    <section className="mt-3">
      <button
        type="button"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
        className="mb-0.5 flex h-7 w-full items-center gap-1.5 rounded-sm px-1.5 text-12 font-semibold text-fg-2"
      >
        <ChevronDown aria-hidden className={cx('size-3.5 transition-transform', !isOpen && '-rotate-90')} />
        {title}
        <span className="ml-auto font-normal text-fg-3">{count}</span>
      </button>
      {isOpen && children}
    </section>
  );
}

interface AssetProps {
  node: Dragged;
  title: string;
  note: string;
  onAdd: (node: Dragged) => Promise<void>;
}

function Asset({ node, title, note, onAdd }: AssetProps) {
  return (
    <Item
      node={node}
      label={title}
      onAdd={onAdd}
      className="flex w-full items-center gap-2.5 rounded-md px-1.5 py-1 text-left hover:bg-sunken"
    >
      <NodeIcon node={node} />
      <span className="min-w-0 flex-1">
        <span className="block truncate text-13 leading-4 font-medium">{title}</span>
        <span className="block truncate text-11 leading-4 text-fg-3">{note}</span>
      </span>
      <span
        aria-hidden
        className="size-2 shrink-0 rounded-full"
        style={{ backgroundColor: portColour(node.type) }}
      />
    </Item>
  );
}

interface ItemProps {
  node: Dragged;
  label: string;
  className: string;
  onAdd: (node: Dragged) => Promise<void>;
  children: ReactNode;
}

function Item({ node, label, className, onAdd, children }: ItemProps) {
  const { t } = useTranslation('pipelines');
  return (
    <button
      type="button"
      draggable
      aria-label={t('palette.add', { name: label })}
      className={cx('cursor-grab! active:cursor-grabbing!', className)}
      onClick={() => void onAdd(node)}
      onDragStart={(event) => {
        event.dataTransfer.setData(DRAG_TYPE, JSON.stringify(node));
        event.dataTransfer.effectAllowed = 'copy';
      }}
    >
      {children}
    </button>
  );
}
