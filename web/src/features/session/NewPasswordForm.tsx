import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, dataOf } from '@/api/client';
import { toProblem } from '@/api/problem';
import { Button } from '@/ui/Button';
import { TextField } from '@/ui/TextField';
import { passwordProblem } from './model';

interface NewPasswordFormProps {
  username: string;
  /** After a one-time password or link: the old password need not be typed again. */
  isOneTime?: boolean;
  onDone: () => void;
}

/** Chooses the password of whoever is signed in. */
export function NewPasswordForm({ username, isOneTime, onDone }: NewPasswordFormProps) {
  const { t } = useTranslation('session');
  const [current, setCurrent] = useState('');
  const [password, setPassword] = useState('');
  const [again, setAgain] = useState('');
  const [isTried, setTried] = useState(false);
  const change = useMutation({
    mutationFn: () =>
      dataOf(
        api.PATCH('/api/v1/users/{username}', {
          params: { path: { username } },
          body: { password, ...(isOneTime ? {} : { current_password: current }) },
        }),
      ),
    onSuccess: () => {
      setCurrent('');
      setPassword('');
      setAgain('');
      setTried(false);
      onDone();
    },
  });
  const wrong = isTried ? passwordProblem(password, again) : null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (passwordProblem(password, again) === null) change.mutate();
  };
  const problem = change.error ? toProblem(change.error) : null;
  return (
    <form onSubmit={submit} className="space-y-4">
      <input type="text" name="username" autoComplete="username" value={username} readOnly hidden />
      {!isOneTime && (
        <TextField
          label={t('currentPassword')}
          type="password"
          autoComplete="current-password"
          value={current}
          onChange={setCurrent}
        />
      )}
      <TextField
        label={t('newPassword')}
        type="password"
        autoComplete="new-password"
        autoFocus={isOneTime}
        value={password}
        onChange={setPassword}
        description={t('passwordRule')}
        error={wrong === 'short' ? t('passwordShort') : undefined}
      />
      <TextField
        label={t('again')}
        type="password"
        autoComplete="new-password"
        value={again}
        onChange={setAgain}
        error={wrong === 'different' ? t('passwordDifferent') : undefined}
      />
      {problem && (
        <p role="alert" className="text-12 text-failed">
          {[problem.detail, problem.hint].filter(Boolean).join(' ')}
        </p>
      )}
      <Button
        type="submit"
        variant="primary"
        className={isOneTime ? 'w-full' : ''}
        isPending={change.isPending}
      >
        {t('setPassword')}
      </Button>
    </form>
  );
}
