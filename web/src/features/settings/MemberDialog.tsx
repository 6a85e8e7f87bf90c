import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '@/ui/Button';
import { Dialog } from '@/ui/Dialog';
import { ErrorState } from '@/ui/ErrorState';
import { Select } from '@/ui/Select';
import { TextField } from '@/ui/TextField';
import { membersQuery, putMember, type Role } from './api';

/** Adds someone to the project. */
export function MemberDialog({ project, onClose }: { project: string; onClose: () => void }) {
  const { t } = useTranslation('settings');
  const client = useQueryClient();
  const [username, setUsername] = useState('');
  const [role, setRole] = useState<Role>('developer');
  const add = useMutation({
    mutationFn: () => putMember(project, username.trim(), role),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: membersQuery(project).queryKey });
      onClose();
    },
  });
  return (
    <Dialog
      title={t('members.add')}
      isOpen
      size="small"
      onClose={onClose}
      footer={
        <>
          <Button onPress={onClose}>{t('cancel')}</Button>
          <Button
            variant="primary"
            isDisabled={username.trim() === ''}
            isPending={add.isPending}
            onPress={() => add.mutate()}
          >
            {t('members.add')}
          </Button>
        </>
      }
    >
      <div className="space-y-4">
        <TextField
          label={t('username')}
          value={username}
          onChange={setUsername}
          autoFocus
          autoComplete="off"
        />
        <Select
          label={t('members.role')}
          value={role}
          onChange={(id) => setRole(id as Role)}
          options={(['viewer', 'developer', 'admin'] as const).map((id) => ({ id, label: t(`role.${id}`) }))}
          description={t('members.roles')}
        />
        {add.isError && <ErrorState isInline error={add.error} />}
      </div>
    </Dialog>
  );
}
