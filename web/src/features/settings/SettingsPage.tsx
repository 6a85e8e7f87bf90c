import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { sessionQuery } from '@/api/session';
import { PageHeader } from '@/ui/PageHeader';
import { useProject, useQueryState } from '@/ui/routing';
import { Tabs } from '@/ui/Tabs';
import { AuditTab } from './AuditTab';
import { MembersTab } from './MembersTab';
import { ProfileTab } from './ProfileTab';
import { TokensTab } from './TokensTab';
import { UsersTab } from './UsersTab';

/** One's own account, the project's members, and for administrators users and the audit log. */
export default function SettingsPage() {
  const { t } = useTranslation('settings');
  const project = useProject();
  const [query, setQuery] = useQueryState();
  const session = useQuery(sessionQuery).data;
  if (!session) return null;
  const items = [
    { id: 'profile', label: t('tabs.profile'), content: <ProfileTab session={session} /> },
    { id: 'tokens', label: t('tabs.tokens'), content: <TokensTab project={project} /> },
    { id: 'members', label: t('tabs.members'), content: <MembersTab project={project} session={session} /> },
    ...(session.is_admin
      ? [
          { id: 'users', label: t('tabs.users'), content: <UsersTab session={session} /> },
          { id: 'audit', label: t('tabs.audit'), content: <AuditTab /> },
        ]
      : []),
  ];
  return (
    <div className="flex h-full flex-col">
      <PageHeader title={t('title')} />
      <Tabs
        label={t('title')}
        items={items}
        value={query.tab ?? 'profile'}
        onChange={(tab) => setQuery({ tab: tab === 'profile' ? undefined : tab }, { push: true })}
        className="bg-surface"
        panelClassName="bg-bg"
      />
    </div>
  );
}
