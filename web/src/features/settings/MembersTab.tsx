import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Plus, UserMinus } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { projectsQuery } from '@/api/projects';
import type { Session } from '@/api/session';
import { later } from '@/i18n';
import { Button } from '@/ui/Button';
import { ConfirmDialog } from '@/ui/Dialog';
import { ErrorState } from '@/ui/ErrorState';
import { IconButton } from '@/ui/IconButton';
import { Panel } from '@/ui/Panel';
import { Select } from '@/ui/Select';
import { SkeletonRows } from '@/ui/Skeleton';
import { Table } from '@/ui/Table';
import { Time } from '@/ui/Time';
import { toastError } from '@/ui/Toast';
import { deleteMember, type Member, membersQuery, putMember, type Role } from './api';
import { MemberDialog } from './MemberDialog';
import { Person } from './Person';
import { ProjectDialog } from './ProjectDialog';

export const ROLES: Role[] = ['viewer', 'developer', 'admin'];

/** Who works in the project, and what each may do. */
export function MembersTab({ project, session }: { project: string; session: Session }) {
  const { t } = useTranslation('settings');
  const client = useQueryClient();
  const [dialog, setDialog] = useState<'member' | 'project' | null>(null);
  const [leaving, setLeaving] = useState<Member | null>(null);
  const members = useQuery(membersQuery(project));
  const mine = useQuery(projectsQuery).data?.find(({ name }) => name === project);
  const mayManage = mine?.role === 'admin';
  const refresh = () => client.invalidateQueries({ queryKey: membersQuery(project).queryKey });
  const change = useMutation({
    mutationFn: ({ username, role }: { username: string; role: Role }) => putMember(project, username, role),
    onSuccess: refresh,
    onError: (error) => toastError(error, later('settings', 'members.role')),
  });
  const remove = useMutation({
    mutationFn: (username: string) => deleteMember(project, username),
    onError: (error) => toastError(error, later('settings', 'members.remove')),
    onSettled: () => {
      setLeaving(null);
      void refresh();
    },
  });
  return (
    <div className="max-w-[860px] space-y-4 p-6">
      <Panel
        title={t('members.of', { project: mine?.title || project })}
        aside={
          <>
            <Button size="small" onPress={() => setDialog('project')}>
              {t('members.newProject')}
            </Button>
            {mayManage && (
              <Button size="small" variant="primary" onPress={() => setDialog('member')}>
                <Plus aria-hidden />
                {t('members.add')}
              </Button>
            )}
          </>
        }
      >
        {members.isPending ? (
          <SkeletonRows className="p-4" rows={3} />
        ) : members.isError ? (
          <ErrorState error={members.error} onRetry={() => void members.refetch()} />
        ) : (
          <Table
            label={t('tabs.members')}
            items={members.data}
            idOf={({ username }) => username}
            empty={<p className="p-4 text-fg-2">{t('members.none')}</p>}
            columns={[
              {
                id: 'name',
                title: t('name'),
                isRowHeader: true,
                cell: (member) => <Person {...member} />,
              },
              {
                id: 'role',
                title: t('members.role'),
                width: 'w-44',
                cell: (member) =>
                  mayManage ? (
                    <Select
                      label={t('members.roleOf', { name: member.username })}
                      isLabelHidden
                      size="small"
                      value={member.role}
                      onChange={(role) => change.mutate({ username: member.username, role: role as Role })}
                      options={ROLES.map((id) => ({ id, label: t(`role.${id}`) }))}
                    />
                  ) : (
                    t(`role.${member.role}`)
                  ),
              },
              { id: 'since', title: t('members.since'), cell: (member) => <Time at={member.added_at} /> },
              {
                id: 'actions',
                title: '',
                align: 'right',
                cell: (member) =>
                  (mayManage || member.username === session.username) && (
                    <IconButton
                      size="small"
                      icon={UserMinus}
                      label={t('members.remove')}
                      onPress={() => setLeaving(member)}
                    />
                  ),
              },
            ]}
          />
        )}
      </Panel>
      <p className="text-12 text-fg-3">{t('members.roles')}</p>
      {dialog === 'member' && <MemberDialog project={project} onClose={() => setDialog(null)} />}
      {dialog === 'project' && <ProjectDialog onClose={() => setDialog(null)} />}
      {leaving && (
        <ConfirmDialog
          title={t('members.remove')}
          isOpen
          isDanger
          onClose={() => setLeaving(null)}
          confirmLabel={t('members.remove')}
          isPending={remove.isPending}
          onConfirm={() => remove.mutate(leaving.username)}
        >
          <p>{t('members.removeWhat', { name: leaving.username, project })}</p>
        </ConfirmDialog>
      )}
    </div>
  );
}
