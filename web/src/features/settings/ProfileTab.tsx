import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type Session, sessionQuery } from '@/api/session';
import { updateUser } from '@/api/users';
import { later } from '@/i18n';
import { Button } from '@/ui/Button';
import { Panel } from '@/ui/Panel';
import { PasswordForm } from '@/ui/PasswordForm';
import { TextField } from '@/ui/TextField';
import { toast, toastError } from '@/ui/Toast';

/** One's name and password. */
export function ProfileTab({ session }: { session: Session }) {
  const { t } = useTranslation('settings');
  const [form, setForm] = useState(0);
  const password = useMutation({
    mutationFn: (change: { password: string; current_password: string }) =>
      updateUser(session.username, change),
    onSuccess: () => {
      setForm((count) => count + 1);
      toast({ tone: 'ok', title: later('settings', 'passwordSet') });
    },
  });
  return (
    <div className="max-w-[560px] space-y-4 p-6">
      <Panel title={t('name')}>
        <NameForm session={session} />
      </Panel>
      <Panel title={t('password')}>
        <div className="p-4">
          <PasswordForm
            key={form}
            username={session.username}
            asksCurrent
            isPending={password.isPending}
            error={password.error}
            onSubmit={(next, current) => password.mutate({ password: next, current_password: current })}
          />
        </div>
      </Panel>
    </div>
  );
}

function NameForm({ session }: { session: Session }) {
  const { t } = useTranslation('settings');
  const client = useQueryClient();
  const [name, setName] = useState(session.display_name);
  const rename = useMutation({
    mutationFn: () => updateUser(session.username, { display_name: name.trim() }),
    onSuccess: () => client.invalidateQueries({ queryKey: sessionQuery.queryKey }),
    onError: (error) => toastError(error, later('settings', 'name')),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    rename.mutate();
  };
  return (
    <form onSubmit={submit} className="space-y-4 p-4">
      <TextField label={t('displayName')} value={name} onChange={setName} maxLength={100} />
      <TextField label={t('username')} value={session.username} isReadOnly description={t('usernameHelp')} />
      <Button type="submit" isPending={rename.isPending} isDisabled={name.trim() === session.display_name}>
        {t('save')}
      </Button>
    </form>
  );
}
