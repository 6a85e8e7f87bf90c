import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { ErrorState } from '@/ui/ErrorState';
import { type Query, useQueryState } from '@/ui/routing';
import { SkeletonRows } from '@/ui/Skeleton';
import { type DatasetVersion, layersQuery, type SampleFilter, sectionsQuery, statisticsQuery } from '../api';
import { typicalAspect } from '../model';
import { Facets } from './Facets';
import { filterOf } from './filter';
import { GridToolbar } from './GridToolbar';
import { Kept, useKept } from './kept';
import { chosenPredictions, switchesOf, USUAL_PREDICTIONS, withToggled } from './overlays';
import { SampleGrid, type Sections } from './SampleGrid';
import { SamplePages } from './samplePages';
import { usePicks } from './usePicks';
import { useReview } from './useReview';
import { useSampleKeys } from './useSampleKeys';
import { type GridView, keepView, keptView } from './view';

// Only the grid comes with the page.
const BulkBar = lazy(() => import('./BulkBar'));
const ReviewBar = lazy(() => import('./ReviewBar'));
const SampleDetail = lazy(() => import('./SampleDetail'));
const SampleGroups = lazy(() => import('./SampleGroups'));
const SampleRows = lazy(() => import('./SampleRows'));

/** Classes that are not drawn, of the datasets looked at last. */
const HIDDEN = new Kept<readonly number[]>(16);

interface SamplesTabProps {
  project: string;
  version: DatasetVersion;
  isNewest: boolean;
  mayChange: boolean;
}

/** Kinds whose samples are read rather than looked at. */
const WITHOUT_IMAGES = new Set(['text', 'tabular']);
const GROUPED = new Set(['face_recognition', 'classification']);

/** The browser: filters on the left, samples, and the one chosen on the right. The address holds all of it. */
export function SamplesTab({ project, version, isNewest, mayChange }: SamplesTabProps) {
  const [query, setQuery] = useQueryState();
  const [view, setView] = useState<GridView>(keptView);
  const filter = useFilter(query);
  const { split, label } = filter;
  const statistics = useQuery(statisticsQuery(project, version.name, version.version));
  const layers = useQuery(layersQuery(project, version.name, version.version));
  const known = useMemo(() => layers.data ?? [], [layers.data]);
  const predictions = layers.data ? chosenPredictions(known, query.predictions) : (query.predictions ?? null);
  // The server takes the usual layer by itself, so that the first page need not wait for the list of layers.
  const asked = predictions === USUAL_PREDICTIONS ? null : predictions;
  const switches = useMemo(() => switchesOf(known, predictions), [known, predictions]);
  const place = `${project}/${version.name}@${version.version}`;
  const [hidden, setHidden] = useKept(HIDDEN, place, []);
  const drawn = useMemo(() => ({ ...view, hidden }), [view, hidden]);
  const toggleClass = (classId: number) => setHidden((old) => withToggled(old, classId));
  const pages = useSamplePages(project, version, filter, asked);
  const selected = query.sample === undefined ? null : Number(query.sample);
  const select = (row: number | null) => setQuery({ sample: row === null ? undefined : String(row) });
  const change = (next: Partial<GridView>) => setView((old) => keepView({ ...old, ...next }));
  const sections = useQuery(
    sectionsQuery(project, { name: version.name, version: version.version, predictions: asked }, filter),
  );
  const arranged: Sections | null = filter.group && {
    group: filter.group,
    items: sections.data ?? [],
    onOnly: ({ id }) => setQuery({ [filter.group as string]: id ?? undefined, sample: undefined }),
  };
  const picking = usePicks(pages, place);
  const listPlace = `${place}?${JSON.stringify(filter)}`;
  const layer = known.find(({ name }) => name === predictions);
  const review = useReview(project, version, { layer, isNewest, mayChange });
  const move = useSampleKeys({
    pages,
    selected,
    select,
    view,
    change,
    switches,
    picking,
    review,
    toggleClass: switches.boxes || switches.masks ? toggleClass : null,
  });
  const hasImages = !WITHOUT_IMAGES.has(version.kind);
  const isGrouped = GROUPED.has(version.kind) && query.group === 'label' && label === null;
  return (
    <div className="flex h-full min-h-0">
      <Facets
        project={project}
        version={version}
        statistics={statistics}
        filter={filter}
        layer={layer}
        predictions={asked}
        onChange={setQuery}
      />
      <section className="flex min-w-0 flex-1 flex-col bg-bg">
        {isGrouped ? (
          <Suspense fallback={<SkeletonRows className="p-4" />}>
            <SampleGroups project={project} version={version} split={split} onFilter={setQuery} />
          </Suspense>
        ) : (
          <>
            <GridToolbar
              pages={pages}
              version={version}
              view={view}
              onChange={change}
              filter={filter}
              onFilter={setQuery}
              switches={switches}
              layers={known}
              predictions={predictions}
              hasImages={hasImages}
              canGroup={GROUPED.has(version.kind)}
              numHidden={hidden.length}
              onShowAll={() => setHidden([])}
            />
            {pages.error !== null && pages.total === null ? (
              <ErrorState error={pages.error} onRetry={() => pages.retry()} />
            ) : sections.isError ? (
              <ErrorState error={sections.error} onRetry={() => void sections.refetch()} />
            ) : hasImages ? (
              <SampleGrid
                project={project}
                version={version}
                pages={pages}
                aspect={typicalAspect(statistics.data)}
                place={listPlace}
                sections={arranged}
                view={drawn}
                selected={selected}
                onSelect={select}
                picking={picking}
                review={review}
              />
            ) : (
              <Suspense fallback={<SkeletonRows className="p-4" />}>
                <SampleRows
                  pages={pages}
                  place={listPlace}
                  sections={arranged}
                  selected={selected}
                  onSelect={select}
                  picking={picking}
                  hasLabels={version.num_classes > 0}
                  shows={view.shows}
                />
              </Suspense>
            )}
          </>
        )}
        {picking.picks.keys.size > 0 && (
          <Suspense fallback={<div className="h-11 shrink-0 border-t border-line bg-surface" />}>
            <BulkBar picking={picking} pages={pages} review={review} />
          </Suspense>
        )}
        {review !== null && review.decisions.verdicts.size > 0 && (
          <Suspense fallback={<div className="h-11 shrink-0 border-t border-line bg-surface" />}>
            <ReviewBar
              project={project}
              version={version}
              review={review}
              onSaved={() => setQuery({ v: undefined })}
            />
          </Suspense>
        )}
      </section>
      {selected !== null && !isGrouped && (
        <Suspense fallback={<aside className="w-[356px] shrink-0 border-l border-line bg-surface" />}>
          <SampleDetail
            project={project}
            version={version}
            row={selected}
            known={pages.at(pages.positionOf(selected))}
            predictions={asked}
            view={drawn}
            review={review}
            onOpacity={(opacity) => change({ opacity })}
            onToggleClass={toggleClass}
            onMove={move}
            onClose={() => select(null)}
          />
        </Suspense>
      )}
    </div>
  );
}

/** The filter in the address; the same object as long as it says the same. */
function useFilter(query: Query): SampleFilter {
  const text = JSON.stringify(filterOf(query));
  return useMemo(() => JSON.parse(text) as SampleFilter, [text]);
}

function useSamplePages(
  project: string,
  { name, version, num_samples }: DatasetVersion,
  filter: SampleFilter,
  predictions: string | null,
): SamplePages {
  const pages = useMemo(
    () => new SamplePages(project, { name, version, num_samples, predictions }, filter),
    [project, name, version, num_samples, predictions, filter],
  );
  useEffect(() => {
    void pages.load(0);
  }, [pages]);
  useSyncExternalStore(pages.subscribe, pages.snapshot);
  return pages;
}
