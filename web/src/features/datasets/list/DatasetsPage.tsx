import { type UseInfiniteQueryResult, useInfiniteQuery } from '@tanstack/react-query';
import { Database, Upload } from 'lucide-react';
import { lazy, type ReactNode, Suspense, useState } from 'react';
import { DropZone as AriaDropZone } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { useMayChange } from '@/api/projects';
import { useFormat } from '@/i18n/format';
import { Button } from '@/ui/Button';
import { type DroppedFile, readItems } from '@/ui/DropZone';
import { EmptyState } from '@/ui/EmptyState';
import { ErrorState } from '@/ui/ErrorState';
import { ListHeader } from '@/ui/ListHeader';
import { MoreButton } from '@/ui/MoreButton';
import { Page } from '@/ui/PageHeader';
import { useProject, useQueryState } from '@/ui/routing';
import { Skeleton } from '@/ui/Skeleton';
import { FailuresOf } from '@/viz/tasks/FailedTasks';
import { type Dataset, datasetsQuery } from '../api';
import { ReadOnly } from '../ReadOnly';
import { DatasetCard } from './DatasetCard';

const ImportDialog = lazy(() => import('../importing/ImportDialog'));

/** All datasets of the project; files dropped anywhere on it begin an import. */
export default function DatasetsPage() {
  const { t } = useTranslation('datasets');
  const { count } = useFormat();
  const project = useProject();
  const [query, setQuery] = useQueryState();
  const [dropped, setDropped] = useState<DroppedFile[]>([]);
  const mayChange = useMayChange(project);
  const datasets = useInfiniteQuery(datasetsQuery(project, query.q));
  const all = datasets.data?.pages.flatMap((page) => page.items) ?? [];
  const isEmpty = all.length === 0 && !query.q;
  const open = () => setQuery({ import: '1' });
  const close = () => {
    setDropped([]);
    setQuery({ import: undefined });
  };
  return (
    <Page
      header={
        <ListHeader
          title={t('title')}
          count={all.length > 0 ? `${count(all.length)}${datasets.hasNextPage ? '+' : ''}` : undefined}
          search={!isEmpty && { label: t('search'), value: query.q ?? '', onChange: (q) => setQuery({ q }) }}
          actions={
            mayChange ? (
              <Button variant="primary" onPress={open}>
                <Upload aria-hidden />
                {t('import')}
              </Button>
            ) : (
              <ReadOnly />
            )
          }
        />
      }
    >
      {mayChange ? (
        <AriaDropZone
          aria-label={t('dropHere')}
          onDrop={async (event) => {
            setDropped(await readItems(event.items));
            open();
          }}
          className="min-h-full outline-none drop-target:bg-accent-soft"
        >
          <Body datasets={datasets} shown={all} isEmpty={isEmpty} onImport={open} />
        </AriaDropZone>
      ) : (
        <Body datasets={datasets} shown={all} isEmpty={isEmpty} onImport={null} />
      )}
      <Suspense>
        {query.import && mayChange && (
          <ImportDialog project={project} initialFiles={dropped} onClose={close} />
        )}
      </Suspense>
    </Page>
  );
}

interface BodyProps {
  datasets: UseInfiniteQueryResult<unknown, Error>;
  shown: Dataset[];
  isEmpty: boolean;
  /** Null for somebody who may not. */
  onImport: (() => void) | null;
}

function Body({ datasets, shown, isEmpty, onImport }: BodyProps) {
  const { t } = useTranslation('datasets');
  const project = useProject();
  if (datasets.isPending)
    return (
      <Cards>
        {['a', 'b', 'c', 'd', 'e', 'f'].map((key) => (
          <Skeleton key={key} className="h-[248px] rounded-lg" />
        ))}
      </Cards>
    );
  if (datasets.isError) return <ErrorState error={datasets.error} onRetry={() => void datasets.refetch()} />;
  const failures = <FailuresOf project={project} algorithm="dataset_import" className="mx-6 mt-6" />;
  if (isEmpty)
    return (
      <>
        {failures}
        <EmptyState
          icon={Database}
          title={t('empty.title')}
          action={
            onImport && (
              <Button variant="primary" onPress={onImport}>
                {t('import')}
              </Button>
            )
          }
          command={onImport ? 'kpl dataset import flowers ./flowers' : undefined}
        >
          {t(onImport ? 'empty.detail' : 'readOnlyWhy')}
        </EmptyState>
      </>
    );
  return (
    <>
      {failures}
      <Cards>
        {shown.map((dataset) => (
          <DatasetCard key={dataset.name} dataset={dataset} project={project} />
        ))}
      </Cards>
      {shown.length === 0 && <p className="px-6 text-fg-2">{t('noMatch')}</p>}
      <MoreButton list={datasets} />
    </>
  );
}

function Cards({ children }: { children: ReactNode }) {
  return <div className="grid grid-cols-[repeat(auto-fill,minmax(264px,1fr))] gap-4 p-6">{children}</div>;
}
