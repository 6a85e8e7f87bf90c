import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Brush, HardDrive, RefreshCw, TriangleAlert } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { Button } from '@/ui/Button';
import { EmptyState } from '@/ui/EmptyState';
import { ErrorState } from '@/ui/ErrorState';
import { Panel } from '@/ui/Panel';
import { useQueryState } from '@/ui/routing';
import { Skeleton } from '@/ui/Skeleton';
import { Spinner } from '@/ui/Spinner';
import { Time } from '@/ui/Time';
import { toastError } from '@/ui/Toast';
import { Artifacts } from './Artifacts';
import { countStorage, type Storage, storageQuery } from './api';
import { CleanUpDialog } from './CleanUpDialog';
import { Figures, Held } from './Figures';
import { Projects } from './Projects';
import { References } from './References';

/** What the artifact store holds, who it belongs to, and what of it can go. */
export function StorageTab() {
  const { t } = useTranslation('settings');
  const client = useQueryClient();
  const [query, setQuery] = useQueryState();
  const storage = useQuery(storageQuery);
  const count = useMutation({
    mutationFn: countStorage,
    onSuccess: (counting) => client.setQueryData(storageQuery.queryKey, counting),
    onError: (error) => toastError(error, t('storage.notCounted')),
  });
  if (storage.isError && !storage.data)
    return <ErrorState error={storage.error} onRetry={() => void storage.refetch()} />;
  const found = storage.data;
  if (!found || (found.counted_at === null && found.is_counting)) return <Waiting />;
  if (found.counted_at === null) {
    return (
      <EmptyState
        icon={HardDrive}
        title={t('storage.emptyTitle')}
        action={
          <Button variant="primary" isPending={count.isPending} onPress={() => count.mutate()}>
            {t('storage.count')}
          </Button>
        }
        command="kpl storage show --count"
      >
        {t('storage.emptyText')}
      </EmptyState>
    );
  }
  return (
    <div className="mx-auto max-w-[1320px] space-y-6 p-6">
      <div className="flex items-center gap-3">
        <p className="min-w-0 flex-1 truncate text-12 text-fg-3">
          {t('storage.counted')} <Time at={found.counted_at} />
        </p>
        <Button isPending={count.isPending || found.is_counting} onPress={() => count.mutate()}>
          <RefreshCw aria-hidden />
          {t('storage.again')}
        </Button>
        <Button onPress={() => setQuery({ clean: '1' })}>
          <Brush aria-hidden />
          {t('storage.clean')}
        </Button>
      </div>
      <CountFailed storage={found} />
      <Figures storage={found} />
      <Missing storage={found} />
      <Held storage={found} />
      <Projects countedAt={found.counted_at} />
      <Artifacts
        countedAt={found.counted_at}
        kind={query.kind}
        onKind={(kind) => setQuery({ kind: kind ?? undefined })}
      />
      {query.clean && <CleanUpDialog onClose={() => setQuery({ clean: undefined })} />}
    </div>
  );
}

function Waiting() {
  const { t } = useTranslation('settings');
  return (
    <div className="mx-auto max-w-[1320px] space-y-6 p-6">
      <p className="flex items-center gap-2 text-12 text-fg-3">
        <Spinner /> {t('storage.counting')}
      </p>
      <Skeleton className="h-20" />
      <Skeleton className="h-32" />
      <Skeleton className="h-60" />
    </div>
  );
}

function CountFailed({ storage }: { storage: Storage }) {
  const { t } = useTranslation('settings');
  const { problem } = useFormat().worded(storage);
  if (!problem) return null;
  return (
    <div role="alert" className="flex gap-3 rounded-lg border border-line bg-surface p-4">
      <TriangleAlert aria-hidden className="mt-0.5 size-5 shrink-0 text-warning" />
      <div className="min-w-0">
        <h2 className="text-13 font-semibold">{t('storage.countFailed')}</h2>
        <p className="mt-1 text-13 break-words text-fg-2">{problem}</p>
      </div>
    </div>
  );
}

/** Artifacts that something refers to and that are not there: whoever needs one of them will fail. */
function Missing({ storage: { missing, num_missing } }: { storage: Storage }) {
  const { t } = useTranslation('settings');
  const { count } = useFormat();
  if (num_missing === 0) return null;
  return (
    <Panel
      title={
        <span className="flex items-center gap-2 text-failed">
          <TriangleAlert aria-hidden className="size-4" />
          {t('storage.missing', { count: num_missing, shown: count(num_missing) })}
        </span>
      }
    >
      <p className="px-4 pt-3 text-13 text-fg-2">{t('storage.missingText')}</p>
      <ul className="max-h-80 overflow-auto px-4 py-3 text-13">
        {missing.map(({ digest, references }) => (
          <li key={digest} className="flex items-baseline gap-4 py-1">
            <code className="shrink-0 font-mono text-12" title={digest}>
              {digest.slice(0, 12)}
            </code>
            <References references={references} />
          </li>
        ))}
      </ul>
      {missing.length < num_missing && (
        <p className="px-4 pb-3 text-12 text-fg-3">
          {t('storage.firstOf', { shown: count(missing.length), all: count(num_missing) })}
        </p>
      )}
    </Panel>
  );
}
