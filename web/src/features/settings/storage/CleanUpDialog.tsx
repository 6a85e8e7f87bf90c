import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { Button } from '@/ui/Button';
import { Dialog } from '@/ui/Dialog';
import { ErrorState } from '@/ui/ErrorState';
import { MoreButton } from '@/ui/MoreButton';
import { SkeletonRows } from '@/ui/Skeleton';
import { Spinner } from '@/ui/Spinner';
import { Table } from '@/ui/Table';
import { Time } from '@/ui/Time';
import { toast, toastError } from '@/ui/Toast';
import { collectGarbage, countStorage, type GarbageItem, garbageQuery, storageQuery } from './api';
import { sizeColumns } from './columns';

/** Looks what nothing refers to any more, shows it, and removes it when one agrees. */
export function CleanUpDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation('settings');
  const { bytes, count: counted, span, worded } = useFormat();
  const client = useQueryClient();
  const storage = useQuery(storageQuery).data;
  const { mutate: look, ...count } = useMutation({
    mutationFn: countStorage,
    onSuccess: (counting) => client.setQueryData(storageQuery.queryKey, counting),
  });
  // An old count may list what something refers to by now, so one looks anew.
  useEffect(() => look(), [look]);
  const collect = useMutation({
    mutationFn: collectGarbage,
    onSuccess: ({ num_artifacts, freed_bytes }) => {
      toast({
        tone: 'ok',
        title: t('storage.freed', { size: bytes(freed_bytes) }),
        detail: t('storage.removed', { count: num_artifacts, shown: counted(num_artifacts) }),
      });
      onClose();
    },
    onError: (error) => toastError(error, t('storage.notRemoved')),
    onSettled: () => client.invalidateQueries({ queryKey: storageQuery.queryKey, exact: true }),
  });
  const isReady = count.isSuccess && storage !== undefined && !storage.is_counting;
  const removable = storage?.removable;
  const isIdle =
    !isReady || !removable || storage.problem !== '' || removable.num_artifacts + removable.num_files === 0;
  return (
    <Dialog
      title={t('storage.clean')}
      isOpen
      size="large"
      onClose={onClose}
      footer={
        <>
          <Button onPress={onClose}>{t(isReady && isIdle ? 'close' : 'cancel')}</Button>
          {!(isReady && isIdle) && (
            <Button
              variant="danger"
              isDisabled={isIdle}
              isPending={collect.isPending}
              onPress={() => collect.mutate()}
            >
              {t('storage.free_', { size: bytes(isReady && removable ? removable.freed_bytes : 0) })}
            </Button>
          )}
        </>
      }
    >
      {count.isError ? (
        <ErrorState error={count.error} isInline onRetry={() => look()} />
      ) : !isReady || !removable ? (
        <p className="flex items-center gap-2 py-6 text-13 text-fg-2">
          <Spinner /> {t('storage.looking')}
        </p>
      ) : storage.problem ? (
        <p role="alert" className="py-2 text-13 text-failed">
          {t('storage.countFailed')} {worded(storage).problem}
        </p>
      ) : (
        <div className="space-y-3">
          <p className="text-13 text-fg-2">{t('storage.cleanText', { time: span(removable.after_s) })}</p>
          <p className="text-13 font-medium">
            {isIdle
              ? t('storage.nothing')
              : t('storage.wouldGo', {
                  count: removable.num_artifacts,
                  shown: counted(removable.num_artifacts),
                  size: bytes(removable.freed_bytes),
                })}
            {removable.num_waiting > 0 && (
              <span className="font-normal text-fg-2">
                {' '}
                {t('storage.young', {
                  count: removable.num_waiting,
                  shown: counted(removable.num_waiting),
                  size: bytes(removable.waiting_bytes),
                })}
              </span>
            )}
          </p>
          {removable.num_artifacts + removable.num_waiting > 0 && <Garbage countedAt={storage.counted_at} />}
        </div>
      )}
    </Dialog>
  );
}

function Garbage({ countedAt }: { countedAt: string | null }) {
  const { t } = useTranslation('settings');
  const { bytes, count } = useFormat();
  const garbage = useInfiniteQuery(garbageQuery(countedAt));
  if (garbage.isPending) return <SkeletonRows rows={3} />;
  if (garbage.isError)
    return <ErrorState error={garbage.error} isInline onRetry={() => void garbage.refetch()} />;
  return (
    <div className="max-h-[38vh] overflow-auto rounded-md border border-line">
      <Table
        label={t('storage.garbage')}
        items={garbage.data.pages.flatMap((page) => page.items)}
        idOf={({ digest }) => digest}
        empty={<p className="p-3 text-12 text-fg-2">{t('storage.taken')}</p>}
        columns={[
          {
            id: 'what',
            title: t('storage.digest'),
            isRowHeader: true,
            cell: (item) => <Item item={item} />,
          },
          {
            id: 'stored',
            title: t('storage.stored'),
            width: 'w-28',
            cell: ({ stored_at }) => <Time at={stored_at} className="whitespace-nowrap text-fg-2" />,
          },
          {
            id: 'goes',
            title: t('storage.goes'),
            width: 'w-28',
            cell: ({ is_removable, removable_at }) =>
              is_removable ? (
                t('storage.now')
              ) : (
                <Time at={removable_at} className="whitespace-nowrap text-fg-3" />
              ),
          },
          ...sizeColumns<GarbageItem>(t, { bytes, count }),
        ]}
      />
      <MoreButton list={garbage} />
    </div>
  );
}

function Item({ item: { digest, holds, files, num_files } }: { item: GarbageItem }) {
  const { t } = useTranslation('settings');
  const more = num_files > files.length ? ' …' : '';
  return (
    <div className="max-w-100 min-w-0">
      <span className="flex items-baseline gap-2">
        <code className="font-mono text-12" title={digest}>
          {digest.slice(0, 12)}
        </code>
        <span className="text-12 text-fg-2">{t(`storage.holds.${holds}`)}</span>
      </span>
      <span translate="no" className="block truncate text-11 text-fg-3" title={files.join(', ') + more}>
        {files.join(', ')}
        {more}
      </span>
    </div>
  );
}
