import { useQuery, useQueryClient } from '@tanstack/react-query';
import { LogOut, Settings } from 'lucide-react';
import { Button } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { projectQuery } from '@/api/projects';
import { type Session, sessionQuery, signOut } from '@/api/session';
import { later } from '@/i18n';
import { cx } from '@/ui/cx';
import { Menu } from '@/ui/Menu';
import { toastError } from '@/ui/Toast';

export function UserMenu({
  session,
  hasWords,
  project,
}: {
  session: Session;
  hasWords: boolean;
  project: string;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const role = useQuery(projectQuery(project)).data?.role;
  const name = session.display_name || session.username;
  const leave = async () => {
    try {
      await signOut();
      client.clear();
      client.setQueryData(sessionQuery.queryKey, null);
    } catch (error) {
      toastError(error, later('common', 'user.signOut'));
    }
  };
  return (
    <Menu
      label={t('user.label')}
      placement="right bottom"
      header={
        <div className="border-b border-line px-2 pt-1 pb-2">
          <p translate="no" className="font-medium">
            {name}
          </p>
          <p className="text-12 text-fg-3">
            {session.username} · {project}
            {role && ` · ${t(`role.${role}`)}`}
          </p>
        </div>
      }
      groups={[
        {
          items: [
            { id: 'settings', label: t('user.settings'), icon: Settings, href: '/settings' },
            { id: 'sign-out', label: t('user.signOut'), icon: LogOut, onAction: () => void leave() },
          ],
        },
      ]}
    >
      <Button
        aria-label={`${t('user.label')}: ${name}`}
        className={cx(
          'flex items-center gap-2 rounded-md text-left hover:bg-sunken',
          hasWords ? 'h-9 w-full px-1.5' : 'size-8 justify-center',
        )}
      >
        <span
          translate="no"
          className="grid size-6 shrink-0 place-items-center rounded-full bg-accent-soft text-11 font-semibold text-accent uppercase"
        >
          {name.slice(0, 2)}
        </span>
        {hasWords && (
          <span translate="no" className="truncate font-medium">
            {name}
          </span>
        )}
      </Button>
    </Menu>
  );
}
