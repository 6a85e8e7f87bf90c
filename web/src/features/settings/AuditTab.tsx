import { useInfiniteQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { Button } from '@/ui/Button';
import { ErrorState } from '@/ui/ErrorState';
import { Panel } from '@/ui/Panel';
import { useQueryState } from '@/ui/routing';
import { SkeletonRows } from '@/ui/Skeleton';
import { Table } from '@/ui/Table';
import { SearchField } from '@/ui/TextField';
import { auditQuery } from './api';

/** Who changed what. The fields above match whole words, as the server keeps them. */
export function AuditTab() {
  const { t } = useTranslation('settings');
  const { absolute } = useFormat();
  const [query, setQuery] = useQueryState();
  const audit = useInfiniteQuery(auditQuery({ username: query.user ?? null, action: query.action ?? null }));
  const entries = audit.data?.pages.flatMap((page) => page.items) ?? [];
  /** `session`, `server` or `token:NAME`. */
  const originWords = (origin: string) => {
    const [kind = '', name = ''] = origin.split(':');
    return t(`audit.origins.${kind}`, { name, defaultValue: origin });
  };
  return (
    <div className="space-y-4 p-6">
      <div className="flex gap-2">
        <SearchField
          label={t('audit.user')}
          value={query.user ?? ''}
          onChange={(user) => setQuery({ user })}
          className="w-52"
        />
        <SearchField
          label={t('audit.action')}
          value={query.action ?? ''}
          onChange={(action) => setQuery({ action })}
          className="w-64"
        />
      </div>
      <Panel>
        {audit.isPending ? (
          <SkeletonRows className="p-4" />
        ) : audit.isError ? (
          <ErrorState error={audit.error} onRetry={() => void audit.refetch()} />
        ) : (
          <Table
            label={t('tabs.audit')}
            items={entries}
            idOf={({ id }) => id}
            empty={<p className="p-4 text-fg-2">{t('audit.none')}</p>}
            columns={[
              {
                id: 'at',
                title: t('audit.at'),
                cell: (entry) => <span className="whitespace-nowrap text-fg-2">{absolute(entry.at)}</span>,
              },
              { id: 'who', title: t('audit.who'), cell: (entry) => entry.username || '–' },
              {
                id: 'action',
                title: t('audit.what'),
                isRowHeader: true,
                cell: (entry) => <span className="font-mono text-12">{entry.action}</span>,
              },
              {
                id: 'target',
                title: t('audit.target'),
                cell: (entry) => (
                  <span className="font-mono text-12 break-all text-fg-2">{entry.target}</span>
                ),
              },
              { id: 'project', title: t('project.label'), cell: (entry) => entry.project ?? '–' },
              {
                id: 'origin',
                title: t('audit.origin'),
                cell: (entry) => (
                  <span className="text-12 text-fg-3">
                    {originWords(entry.origin)}
                    {entry.address && ` · ${entry.address}`}
                  </span>
                ),
              },
            ]}
          />
        )}
      </Panel>
      {audit.hasNextPage && (
        <Button isPending={audit.isFetchingNextPage} onPress={() => void audit.fetchNextPage()}>
          {t('loadMore')}
        </Button>
      )}
    </div>
  );
}
