import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '@/ui/Button';
import { CodeBlock } from '@/ui/CodeBlock';
import { Dialog } from '@/ui/Dialog';
import { ErrorState } from '@/ui/ErrorState';
import { Switch } from '@/ui/Switch';
import { TextField } from '@/ui/TextField';
import { createUser, usersQuery } from './api';

/** Makes a user; the one-time password is shown this once. */
export function UserDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation('settings');
  const client = useQueryClient();
  const [username, setUsername] = useState('');
  const [displayName, setDisplayName] = useState('');
  const [isAdmin, setAdmin] = useState(false);
  const create = useMutation({
    mutationFn: () => createUser({ username, display_name: displayName.trim(), is_admin: isAdmin }),
    onSuccess: () => client.invalidateQueries({ queryKey: usersQuery.queryKey }),
  });
  if (create.data)
    return (
      <Dialog
        title={t('users.made', { name: create.data.username })}
        isOpen
        onClose={onClose}
        footer={
          <Button variant="primary" onPress={onClose}>
            {t('close')}
          </Button>
        }
      >
        <p className="mb-3 text-fg-2">{t('users.once')}</p>
        <CodeBlock code={create.data.one_time_password ?? ''} />
      </Dialog>
    );
  const isWrong = username !== '' && !/^[a-z0-9][a-z0-9_.-]{0,62}$/.test(username);
  return (
    <Dialog
      title={t('users.new')}
      isOpen
      size="small"
      onClose={onClose}
      footer={
        <>
          <Button onPress={onClose}>{t('cancel')}</Button>
          <Button
            variant="primary"
            isDisabled={username === '' || isWrong}
            isPending={create.isPending}
            onPress={() => create.mutate()}
          >
            {t('create')}
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
          error={isWrong ? t('nameWrong') : undefined}
        />
        <TextField
          label={t('displayName')}
          value={displayName}
          onChange={setDisplayName}
          autoComplete="off"
        />
        <Switch isSelected={isAdmin} onChange={setAdmin} description={t('users.adminHelp')}>
          {t('users.isAdmin')}
        </Switch>
        {create.isError && <ErrorState isInline error={create.error} />}
      </div>
    </Dialog>
  );
}
