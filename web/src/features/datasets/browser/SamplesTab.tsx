import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { ErrorState } from '@/ui/ErrorState';
import { useQueryState } from '@/ui/routing';
import { type DatasetVersion, statisticsQuery } from '../api';
import { typicalAspect } from '../model';
import { Facets } from './Facets';
import { GridToolbar } from './GridToolbar';
import { SampleDetail } from './SampleDetail';
import { SampleGrid } from './SampleGrid';
import { SamplePages } from './samplePages';
import { useSampleKeys } from './useSampleKeys';
import { type GridView, keepView, keptView } from './view';

interface SamplesTabProps {
  project: string;
  version: DatasetVersion;
}

/** The browser: filters on the left, pictures, and the one chosen on the right. The address holds all of it. */
export function SamplesTab({ project, version }: SamplesTabProps) {
  const [query, setQuery] = useQueryState();
  const [view, setView] = useState<GridView>(keptView);
  const split = query.split ?? null;
  const label = query.label ?? null;
  const statistics = useQuery(statisticsQuery(project, version.name, version.version));
  const pages = useSamplePages(project, version, split, label);
  const selected = query.sample === undefined ? null : Number(query.sample);
  const select = (row: number | null) => setQuery({ sample: row === null ? undefined : String(row) });
  const change = (next: Partial<GridView>) => setView((old) => keepView({ ...old, ...next }));
  const move = useSampleKeys({ pages, selected, select, view, change });
  return (
    <div className="flex min-h-0 flex-1">
      <Facets version={version} statistics={statistics} split={split} label={label} onChange={setQuery} />
      <section className="flex min-w-0 flex-1 flex-col bg-bg">
        <GridToolbar
          pages={pages}
          version={version}
          view={view}
          onChange={change}
          split={split}
          label={label}
          onFilter={setQuery}
        />
        {pages.error !== null && pages.total === null ? (
          <ErrorState error={pages.error} onRetry={() => pages.retry()} />
        ) : (
          <SampleGrid
            project={project}
            version={version}
            pages={pages}
            aspect={typicalAspect(statistics.data)}
            view={view}
            selected={selected}
            onSelect={select}
          />
        )}
      </section>
      {selected !== null && (
        <SampleDetail
          project={project}
          version={version}
          row={selected}
          known={pages.at(pages.positionOf(selected))}
          onMove={move}
          onClose={() => select(null)}
        />
      )}
    </div>
  );
}

function useSamplePages(
  project: string,
  version: DatasetVersion,
  split: string | null,
  label: string | null,
): SamplePages {
  const { name, version: number, num_samples } = version;
  const pages = useMemo(
    () => new SamplePages(project, { name, version: number, num_samples }, { split, label }),
    [project, name, number, num_samples, split, label],
  );
  useEffect(() => {
    void pages.load(0);
  }, [pages]);
  useSyncExternalStore(pages.subscribe, pages.snapshot);
  return pages;
}
