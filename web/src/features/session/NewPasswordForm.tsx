import { useMutation } from '@tanstack/react-query';
import { updateUser } from '@/api/users';
import { PasswordForm } from '@/ui/PasswordForm';

/** The password of one's own that follows a one-time password or link. */
export function NewPasswordForm({ username, onDone }: { username: string; onDone: () => void }) {
  const change = useMutation({
    mutationFn: (password: string) => updateUser(username, { password }),
    onSuccess: onDone,
  });
  return (
    <PasswordForm
      username={username}
      asksCurrent={false}
      isPending={change.isPending}
      error={change.error}
      onSubmit={(password) => change.mutate(password)}
    />
  );
}
