import { useQuery } from '@tanstack/react-query';
import { Lock } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { sessionQuery } from '@/api/session';
import { EmptyState } from '@/ui/EmptyState';
import { PageHeader } from '@/ui/PageHeader';
import { useProject, useQueryState } from '@/ui/routing';
import { Tabs } from '@/ui/Tabs';
import { AuditTab } from './AuditTab';
import { MembersTab } from './MembersTab';
import { ProfileTab } from './ProfileTab';
import { StorageTab } from './storage/StorageTab';
import { TokensTab } from './TokensTab';
import { UsersTab } from './UsersTab';

/** What belongs to one tab and not to the next. */
const CLEARED = { user: undefined, action: undefined, kind: undefined, clean: undefined };
const FOR_ADMINISTRATORS = ['users', 'audit', 'storage'];

/** One's own account, the project's members, and for administrators users, the audit log and the store. */
export default function SettingsPage() {
  const { t } = useTranslation('settings');
  const project = useProject();
  const [query, setQuery] = useQueryState();
  const session = useQuery(sessionQuery).data;
  if (!session) return null;
  const isRefused = !session.is_admin && FOR_ADMINISTRATORS.includes(query.tab ?? '');
  const items = [
    { id: 'profile', label: t('tabs.profile'), content: <ProfileTab session={session} /> },
    { id: 'tokens', label: t('tabs.tokens'), content: <TokensTab project={project} /> },
    { id: 'members', label: t('tabs.members'), content: <MembersTab project={project} session={session} /> },
    ...(session.is_admin
      ? [
          { id: 'users', label: t('tabs.users'), content: <UsersTab session={session} /> },
          { id: 'audit', label: t('tabs.audit'), content: <AuditTab /> },
          { id: 'storage', label: t('tabs.storage'), content: <StorageTab /> },
        ]
      : []),
    ...(isRefused
      ? [{ id: query.tab as string, label: t(`tabs.${query.tab}`), content: <AdministratorsOnly /> }]
      : []),
  ];
  return (
    <div className="flex h-full flex-col">
      <PageHeader title={t('title')} />
      <Tabs
        label={t('title')}
        items={items}
        value={query.tab ?? 'profile'}
        onChange={(tab) => setQuery({ ...CLEARED, tab: tab === 'profile' ? undefined : tab }, { push: true })}
        className="bg-surface"
        panelClassName="bg-bg"
      />
    </div>
  );
}

/** Somebody followed a link to what is not for them. */
function AdministratorsOnly() {
  const { t } = useTranslation('settings');
  return (
    <EmptyState icon={Lock} title={t('error.403')}>
      {t('administratorsOnly')}
    </EmptyState>
  );
}
