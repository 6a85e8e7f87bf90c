import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type Session, signIn } from '@/api/session';
import { Button } from '@/ui/Button';
import { useProblemText } from '@/ui/problemText';
import { TextField } from '@/ui/TextField';

/** Name and password. `error` is that of a link which did not work. */
export function SignInForm({ error, onDone }: { error: unknown; onDone: (session: Session) => void }) {
  const { t } = useTranslation('session');
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const attempt = useMutation({ mutationFn: signIn, onSuccess: onDone });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    attempt.mutate({ username: username.trim(), password });
  };
  const problem = useProblemText(attempt.error ?? error);
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
      {problem && (
        <p role="alert" className="text-12 text-failed">
          {problem}
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
