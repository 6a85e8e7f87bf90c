import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type Session, signIn } from '@/api/session';
import { Button } from '@/ui/Button';
import { TextField } from '@/ui/TextField';
import { useTold } from '@/ui/told';

/** Name and password. `error` is that of a link which did not work. */
export function SignInForm({ error, onDone }: { error: unknown; onDone: (session: Session) => void }) {
  const { t } = useTranslation('session');
  const told = useTold();
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const attempt = useMutation({ mutationFn: signIn, onSuccess: onDone });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    attempt.mutate({ username: username.trim(), password });
  };
  const shown = attempt.error ?? error;
  return (
    <form onSubmit={submit} className="space-y-4">
      <TextField
        label={t('username')}
        name="username"
        autoComplete="username"
        autoFocus
        value={username}
        onChange={setUsername}
      />
      <TextField
        label={t('password')}
        name="password"
        type="password"
        autoComplete="current-password"
        value={password}
        onChange={setPassword}
      />
      {Boolean(shown) && (
        <p role="alert" className="text-12 text-failed">
          {told(shown)}
        </p>
      )}
      <Button
        type="submit"
        variant="primary"
        className="w-full"
        isPending={attempt.isPending}
        isDisabled={username.trim() === '' || password === ''}
      >
        {t('signIn')}
      </Button>
      <p className="text-12 text-fg-3">{t('noAccount')}</p>
    </form>
  );
}
