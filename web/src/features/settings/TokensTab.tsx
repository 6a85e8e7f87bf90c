import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { KeyRound, Plus, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { later } from '@/i18n';
import { Badge } from '@/ui/Badge';
import { Button } from '@/ui/Button';
import { ConfirmDialog } from '@/ui/Dialog';
import { EmptyState } from '@/ui/EmptyState';
import { ErrorState } from '@/ui/ErrorState';
import { IconButton } from '@/ui/IconButton';
import { Panel } from '@/ui/Panel';
import { SkeletonRows } from '@/ui/Skeleton';
import { Table } from '@/ui/Table';
import { Day, Time } from '@/ui/Time';
import { toastError } from '@/ui/Toast';
import { deleteToken, type Token, tokensQuery } from './api';
import { TokenDialog } from './TokenDialog';

/** One's API tokens. */
export function TokensTab({ project }: { project: string }) {
  const { t } = useTranslation('settings');
  const client = useQueryClient();
  const tokens = useQuery(tokensQuery);
  const [isCreating, setCreating] = useState(false);
  const [doomed, setDoomed] = useState<Token | null>(null);
  const remove = useMutation({
    mutationFn: deleteToken,
    onError: (error) => toastError(error, later('settings', 'tokens.delete')),
    onSettled: () => {
      setDoomed(null);
      void client.invalidateQueries({ queryKey: tokensQuery.queryKey });
    },
  });
  const create = (
    <Button size="small" variant="primary" onPress={() => setCreating(true)}>
      <Plus aria-hidden />
      {t('tokens.new')}
    </Button>
  );
  return (
    <div className="max-w-[1080px] p-6">
      <Panel title={t('tabs.tokens')} aside={create}>
        {tokens.isPending ? (
          <SkeletonRows className="p-4" rows={3} />
        ) : tokens.isError ? (
          <ErrorState error={tokens.error} onRetry={() => void tokens.refetch()} />
        ) : tokens.data.length === 0 ? (
          <EmptyState icon={KeyRound} title={t('tokens.none')} command="kpl --token kpl_… run list">
            {t('tokens.what')}
          </EmptyState>
        ) : (
          <Table
            label={t('tabs.tokens')}
            items={tokens.data}
            idOf={({ id }) => id}
            columns={[
              {
                id: 'name',
                title: t('name'),
                isRowHeader: true,
                cell: ({ name }) => (
                  <span translate="no" className="font-medium">
                    {name}
                  </span>
                ),
              },
              {
                id: 'prefix',
                title: t('tokens.prefix'),
                cell: ({ prefix }) => <span className="font-mono text-12 text-fg-2">{prefix}…</span>,
              },
              {
                id: 'scopes',
                title: t('tokens.scopes'),
                cell: ({ scopes }) => (
                  <span className="flex gap-1">
                    {scopes.map((scope) => (
                      <Badge key={scope}>{t(`tokens.scope.${scope}`, { defaultValue: scope })}</Badge>
                    ))}
                  </span>
                ),
              },
              {
                id: 'project',
                title: t('project.label'),
                cell: (token) => token.project ?? t('tokens.everywhere'),
              },
              {
                id: 'used',
                title: t('tokens.used'),
                cell: (token) => (token.last_used_at ? <Time at={token.last_used_at} /> : t('never')),
              },
              {
                id: 'expires',
                title: t('tokens.expires'),
                cell: (token) => (token.expires_at ? <Day at={token.expires_at} /> : t('never')),
              },
              {
                id: 'actions',
                title: '',
                align: 'right',
                cell: (token) => (
                  <IconButton
                    size="small"
                    icon={Trash2}
                    label={t('tokens.delete')}
                    onPress={() => setDoomed(token)}
                  />
                ),
              },
            ]}
          />
        )}
      </Panel>
      {isCreating && <TokenDialog project={project} onClose={() => setCreating(false)} />}
      {doomed && (
        <ConfirmDialog
          title={t('tokens.delete')}
          isOpen
          isDanger
          onClose={() => setDoomed(null)}
          confirmLabel={t('delete')}
          isPending={remove.isPending}
          onConfirm={() => remove.mutate(doomed.id)}
        >
          <p>{t('tokens.deleteWhat', { name: doomed.name })}</p>
        </ConfirmDialog>
      )}
    </div>
  );
}
