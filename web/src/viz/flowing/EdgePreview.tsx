import { useQuery } from '@tanstack/react-query';
import { useStore } from '@xyflow/react';
import { type ReactNode, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { outputsQuery } from '@/api/tasks';
import { artifactImageUrl, sampleImageUrl, spreadRows } from '@/api/thumbnails';
import { formatMetric, useFormat } from '@/i18n/format';
import { Skeleton } from '@/ui/Skeleton';
import { useTold } from '@/ui/told';
import { partColour } from '@/viz/Parts';
import type { PipelineDocument } from '../graph/document';
import { cardPlace, type FlowTask, flowingAlong, largest, versioned } from './model';
import {
  artifactStatisticsQuery,
  datasetVersionQuery,
  modelVersionQuery,
  statisticsQuery,
  taskMetricsQuery,
} from './queries';

const OPEN_AFTER_MS = 350;
const CARD = { width: 316, height: 324 };
const SAMPLES = 12;
const CLASSES = 6;
const METRICS = 6;

interface EdgePreviewProps {
  project: string;
  document: PipelineDocument;
  tasks: FlowTask[];
  given?: Record<string, unknown>;
}

interface Hovered {
  id: string;
  at: { x: number; y: number };
}

/** Inside a canvas: over an edge that the pointer rests on, or that has the focus, what flows along it. */
export function EdgePreview({ project, document, tasks, given }: EdgePreviewProps) {
  const { t } = useTranslation('pipelines');
  const hovered = useHoveredEdge();
  const canvas = useStore((state) => ({ width: state.width, height: state.height }), isSameSize);
  const flowing = hovered && flowingAlong(document, hovered.id, tasks, given);
  if (!hovered || !flowing) return null;
  const { x, y } = cardPlace(hovered.at, CARD, canvas);
  return (
    <section
      aria-label={t('flowing.label')}
      aria-live="polite"
      className="pointer-events-none absolute z-10 overflow-hidden rounded-lg border border-line bg-raised p-3 shadow-float"
      style={{ left: x, top: y, width: CARD.width, maxHeight: CARD.height }}
    >
      {flowing.kind === 'nothing' && <p className="text-12 text-fg-2">{t('flowing.notYet')}</p>}
      {flowing.kind === 'dataset' && <DatasetCard project={project} {...flowing} />}
      {flowing.kind === 'model' && <ModelCard project={project} {...flowing} />}
      {flowing.kind === 'output' && <OutputCard project={project} {...flowing} />}
    </section>
  );
}

/** The edge under the pointer or the focus, once it has rested there for a moment. */
function useHoveredEdge(): Hovered | null {
  const canvas = useStore((state) => state.domNode);
  const [hovered, setHovered] = useState<Hovered | null>(null);
  useEffect(() => {
    if (!canvas) return undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const show = (event: MouseEvent | FocusEvent) => {
      const edge = event.target instanceof Element ? event.target.closest('.react-flow__edge') : null;
      const id = edge?.getAttribute('data-id');
      if (!edge || !id) return;
      const frame = canvas.getBoundingClientRect();
      const box = edge.getBoundingClientRect();
      const at =
        event instanceof MouseEvent
          ? { x: event.clientX - frame.left, y: event.clientY - frame.top }
          : { x: box.left + box.width / 2 - frame.left, y: box.top + box.height / 2 - frame.top };
      clearTimeout(timer);
      timer = setTimeout(() => setHovered({ id, at }), OPEN_AFTER_MS);
    };
    const hide = () => {
      clearTimeout(timer);
      setHovered(null);
    };
    const listeners: [string, (event: never) => void][] = [
      ['mouseover', show],
      ['focusin', show],
      ['mouseout', hide],
      ['focusout', hide],
      ['mousedown', hide],
      ['wheel', hide],
    ];
    for (const [name, listener] of listeners) canvas.addEventListener(name, listener as EventListener);
    return () => {
      clearTimeout(timer);
      for (const [name, listener] of listeners) canvas.removeEventListener(name, listener as EventListener);
    };
  }, [canvas]);
  return hovered;
}

function isSameSize(a: { width: number; height: number }, b: { width: number; height: number }): boolean {
  return a.width === b.width && a.height === b.height;
}

interface VersionProps {
  project: string;
  name: string;
  version: number | null;
}

function DatasetCard({ project, name, version }: VersionProps) {
  const { t } = useTranslation('pipelines');
  const found = useQuery(datasetVersionQuery(project, name, version));
  const statistics = useQuery({
    ...statisticsQuery(project, name, found.data?.version ?? 0),
    enabled: found.isSuccess,
  });
  if (found.isError) return <Words>{t('flowing.gone', { name })}</Words>;
  if (!found.data) return <Loading />;
  const { version: number, num_samples, kind } = found.data;
  return (
    <Contents
      title={`${name} v${number}`}
      kind={kind}
      numSamples={num_samples}
      imageUrl={(row) => sampleImageUrl(project, { name, version: number }, row, 160)}
      classes={statistics.data?.classes ?? []}
    />
  );
}

/** What went from one step to the next without a name of its own. */
function UnpublishedCard({ project, digest, title }: { project: string; digest: string; title: string }) {
  const { t } = useTranslation('pipelines');
  const found = useQuery(artifactStatisticsQuery(project, digest));
  if (found.isError) return <Words>{t('flowing.gone', { name: title })}</Words>;
  if (!found.data) return <Loading />;
  return (
    <Contents
      title={title}
      kind={found.data.kind}
      numSamples={found.data.num_samples}
      imageUrl={(row) => artifactImageUrl(project, digest, row, 160)}
      classes={found.data.classes ?? []}
    />
  );
}

interface ContentsProps {
  title: string;
  kind: string;
  numSamples: number;
  imageUrl: (row: number) => string;
  classes: { name: string; num_samples: number }[];
}

/** Some samples of a dataset, and how many of its largest classes there are. */
function Contents({ title, kind, numSamples, imageUrl, classes: all }: ContentsProps) {
  const { t } = useTranslation('pipelines');
  const { count } = useFormat();
  const classes = largest(
    all.map((each) => ({ name: each.name, count: each.num_samples })),
    CLASSES,
  );
  const most = Math.max(1, ...classes.shown.map((each) => each.count));
  return (
    <>
      <Head
        title={title}
        note={`${t(`kind.${kind}`, { defaultValue: kind })} · ${t('flowing.samples', { count: numSamples, shown: count(numSamples) })}`}
      />
      <ul aria-label={t('flowing.some')} className="mb-2 grid grid-cols-6 gap-1">
        {spreadRows(numSamples, SAMPLES).map((row) => (
          <li key={row} className="h-11 overflow-hidden rounded-sm bg-sunken">
            <img
              src={imageUrl(row)}
              alt={t('flowing.sample', { row })}
              className="h-full w-full object-cover"
            />
          </li>
        ))}
      </ul>
      <ul className="space-y-0.5 text-11">
        {classes.shown.map((each, index) => (
          <li key={each.name} className="grid grid-cols-[88px_1fr_44px] items-center gap-2">
            <span className="truncate text-fg-2">{each.name}</span>
            <span className="h-1.5 rounded-full bg-sunken">
              <span
                className="block h-full rounded-full"
                style={{ width: `${(100 * each.count) / most}%`, backgroundColor: partColour(index) }}
              />
            </span>
            <span className="text-right text-fg-3 tabular-nums">{count(each.count)}</span>
          </li>
        ))}
        {classes.rest.classes > 0 && (
          <li className="text-fg-3">{t('flowing.moreClasses', { count: classes.rest.classes })}</li>
        )}
      </ul>
    </>
  );
}

function ModelCard({ project, name, version }: VersionProps) {
  const { t } = useTranslation('pipelines');
  const { bytes } = useFormat();
  const found = useQuery(modelVersionQuery(project, name, version));
  if (found.isError) return <Words>{t('flowing.gone', { name })}</Words>;
  if (!found.data) return <Loading />;
  const { version: number, size_bytes, metrics, task } = found.data;
  return (
    <>
      <Head
        title={`${name} v${number}`}
        note={`${t(`kind.${task}`, { defaultValue: task })} · ${bytes(size_bytes)}`}
      />
      <Numbers numbers={Object.entries(metrics)} />
    </>
  );
}

function OutputCard({ project, task, output }: { project: string; task: number; output: string }) {
  const { t } = useTranslation('pipelines');
  const { bytes, count } = useFormat();
  const told = useTold();
  const outputs = useQuery(outputsQuery(project, task));
  const metrics = useQuery(taskMetricsQuery(project, task));
  if (outputs.isError) return <Words>{told(outputs.error)}</Words>;
  if (!outputs.data || metrics.isPending) return <Loading />;
  const found = outputs.data.find(({ name }) => name === output);
  if (!found || found.size_bytes === null) return <Words>{t('flowing.notYet')}</Words>;
  if (found.published_as && found.type === 'dataset')
    return <DatasetCard project={project} {...versioned(found.published_as)} />;
  if (found.type === 'dataset' && found.artifact)
    return <UnpublishedCard project={project} digest={found.artifact} title={output} />;
  return (
    <>
      <Head
        title={found.published_as || output}
        note={`${t(`port.${found.type}`)} · ${t('flowing.files', { count: found.num_files ?? 0, shown: count(found.num_files ?? 0) })} · ${bytes(found.size_bytes)}`}
      />
      <Numbers numbers={(metrics.data?.metrics ?? []).map(({ name, last }) => [name, last])} />
    </>
  );
}

function Head({ title, note }: { title: string; note: string }) {
  return (
    <header className="mb-2">
      <h3 className="truncate text-13 font-semibold">{title}</h3>
      <p className="truncate text-12 text-fg-3">{note}</p>
    </header>
  );
}

function Numbers({ numbers }: { numbers: [string, number][] }) {
  return (
    <dl className="grid grid-cols-[1fr_auto] gap-x-4 gap-y-0.5 text-12">
      {numbers.slice(0, METRICS).map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="truncate text-fg-2">{name}</dt>
          <dd className="text-right font-medium tabular-nums">{formatMetric(value)}</dd>
        </div>
      ))}
    </dl>
  );
}

function Words({ children }: { children: ReactNode }) {
  return <p className="text-12 text-fg-2">{children}</p>;
}

function Loading() {
  return (
    <div className="space-y-2">
      <Skeleton className="h-4 w-40" />
      <Skeleton className="h-24" />
    </div>
  );
}
