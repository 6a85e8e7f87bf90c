import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link2, MoreHorizontal, Plus, ShieldCheck, ShieldOff, UserCheck, UserX } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '@/api/client';
import type { Session } from '@/api/session';
import { updateUser } from '@/api/users';
import { later } from '@/i18n';
import { Badge } from '@/ui/Badge';
import { Button } from '@/ui/Button';
import { CodeBlock } from '@/ui/CodeBlock';
import { Dialog } from '@/ui/Dialog';
import { ErrorState } from '@/ui/ErrorState';
import { IconButton } from '@/ui/IconButton';
import { Menu } from '@/ui/Menu';
import { Panel } from '@/ui/Panel';
import { SkeletonRows } from '@/ui/Skeleton';
import { Table } from '@/ui/Table';
import { Time } from '@/ui/Time';
import { toastError } from '@/ui/Toast';
import { createLink, type User, usersQuery } from './api';
import { Person } from './Person';
import { UserDialog } from './UserDialog';

/** All users of the platform. */
export function UsersTab({ session }: { session: Session }) {
  const { t } = useTranslation('settings');
  const client = useQueryClient();
  const users = useQuery(usersQuery);
  const [isCreating, setCreating] = useState(false);
  const change = useMutation({
    mutationFn: ({ username, ...body }: { username: string } & Schemas['UserUpdate']) =>
      updateUser(username, body),
    onSuccess: () => client.invalidateQueries({ queryKey: usersQuery.queryKey }),
    onError: (error) => toastError(error, later('settings', 'tabs.users')),
  });
  const link = useMutation({
    mutationFn: createLink,
    onError: (error) => toastError(error, later('settings', 'users.link')),
  });
  const actions = (user: User) => [
    { id: 'link', label: t('users.link'), icon: Link2, onAction: () => link.mutate(user.username) },
    {
      id: 'admin',
      label: t(user.is_admin ? 'users.noAdmin' : 'users.admin'),
      icon: user.is_admin ? ShieldOff : ShieldCheck,
      onAction: () => change.mutate({ username: user.username, is_admin: !user.is_admin }),
    },
    {
      id: 'active',
      label: t(user.is_active ? 'users.disable' : 'users.enable'),
      icon: user.is_active ? UserX : UserCheck,
      isDanger: user.is_active,
      isDisabled: user.username === session.username,
      onAction: () => change.mutate({ username: user.username, is_active: !user.is_active }),
    },
  ];
  const create = (
    <Button size="small" variant="primary" onPress={() => setCreating(true)}>
      <Plus aria-hidden />
      {t('users.new')}
    </Button>
  );
  return (
    <div className="max-w-[960px] p-6">
      <Panel title={t('tabs.users')} aside={create}>
        {users.isPending ? (
          <SkeletonRows className="p-4" rows={3} />
        ) : users.isError ? (
          <ErrorState error={users.error} onRetry={() => void users.refetch()} />
        ) : (
          <Table
            label={t('tabs.users')}
            items={users.data}
            idOf={({ username }) => username}
            columns={[
              {
                id: 'name',
                title: t('name'),
                isRowHeader: true,
                cell: (user) => <Person {...user} />,
              },
              {
                id: 'state',
                title: t('state_'),
                cell: (user) => (
                  <span className="flex gap-1">
                    {user.is_admin && <Badge tone="accent">{t('users.isAdmin')}</Badge>}
                    {!user.is_active && <Badge tone="failed">{t('users.isDisabled')}</Badge>}
                    {user.must_change_password && <Badge tone="warning">{t('users.mustChange')}</Badge>}
                  </span>
                ),
              },
              {
                id: 'seen',
                title: t('users.seen'),
                cell: (user) => (user.last_seen_at ? <Time at={user.last_seen_at} /> : t('never')),
              },
              { id: 'created', title: t('created'), cell: (user) => <Time at={user.created_at} /> },
              {
                id: 'actions',
                title: '',
                align: 'right',
                cell: (user) => (
                  <Menu label={t('actions')} groups={[{ items: actions(user) }]}>
                    <IconButton
                      size="small"
                      icon={MoreHorizontal}
                      label={t('users.actionsOf', { name: user.username })}
                    />
                  </Menu>
                ),
              },
            ]}
          />
        )}
      </Panel>
      {isCreating && <UserDialog onClose={() => setCreating(false)} />}
      {link.data && (
        <Dialog title={t('users.link')} isOpen onClose={() => link.reset()}>
          <p className="mb-3 text-fg-2">{t('users.linkWhat')}</p>
          <CodeBlock code={`${location.origin}${link.data.path}`} wraps />
          <p className="mt-3 text-12 text-fg-3">
            {t('users.linkUntil')} <Time at={link.data.expires_at} />
          </p>
        </Dialog>
      )}
    </div>
  );
}
