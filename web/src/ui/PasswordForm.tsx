import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from './Button';
import { passwordProblem } from './password';
import { TextField } from './TextField';
import { useTold } from './told';

interface PasswordFormProps {
  username: string;
  /** Whether the old password has to be typed; not after a one-time password or link. */
  asksCurrent: boolean;
  isPending: boolean;
  error: unknown;
  onSubmit: (password: string, current: string) => void;
}

/** Chooses a new password, twice. */
export function PasswordForm({ username, asksCurrent, isPending, error, onSubmit }: PasswordFormProps) {
  const { t } = useTranslation();
  const told = useTold();
  const [current, setCurrent] = useState('');
  const [password, setPassword] = useState('');
  const [again, setAgain] = useState('');
  const [isTried, setTried] = useState(false);
  const wrong = isTried ? passwordProblem(password, again) : null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (passwordProblem(password, again) === null) onSubmit(password, current);
  };
  return (
    <form onSubmit={submit} className="space-y-4">
      <input type="text" name="username" autoComplete="username" value={username} readOnly hidden />
      {asksCurrent && (
        <TextField
          label={t('passwordForm.current')}
          type="password"
          autoComplete="current-password"
          value={current}
          onChange={setCurrent}
        />
      )}
      <TextField
        label={t('passwordForm.new')}
        type="password"
        autoComplete="new-password"
        autoFocus={!asksCurrent}
        value={password}
        onChange={setPassword}
        description={t('passwordForm.rule')}
        error={wrong === 'short' ? t('passwordForm.short') : undefined}
      />
      <TextField
        label={t('passwordForm.again')}
        type="password"
        autoComplete="new-password"
        value={again}
        onChange={setAgain}
        error={wrong === 'different' ? t('passwordForm.different') : undefined}
      />
      {Boolean(error) && (
        <p role="alert" className="text-12 text-failed">
          {told(error)}
        </p>
      )}
      <Button type="submit" variant="primary" className={asksCurrent ? '' : 'w-full'} isPending={isPending}>
        {t('passwordForm.set')}
      </Button>
    </form>
  );
}
