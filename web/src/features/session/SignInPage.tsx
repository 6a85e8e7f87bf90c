import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { sessionQuery } from '@/api/session';
import { useWindowTitle } from '@/ui/PageHeader';
import { useGo, useQueryState } from '@/ui/routing';
import { safeNext } from './model';
import { NewPasswordForm } from './NewPasswordForm';
import { SignInCard } from './SignInCard';
import { SignInForm } from './SignInForm';
import { useSignInLink } from './useSignInLink';

/** Signs in by password or by the link that the server printed, then goes where one wanted to go. */
export default function SignInPage() {
  const { t } = useTranslation('session');
  const [query] = useQueryState();
  const go = useGo();
  const client = useQueryClient();
  const link = useSignInLink();
  const session = useQuery(sessionQuery);
  useWindowTitle(t('title'));
  const isDone = !link.isPending && session.data != null && !session.data.must_change_password;
  const next = useRef(safeNext(query.next));
  useEffect(() => {
    if (isDone) go(next.current, { replace: true });
  }, [isDone, go]);
  if (session.isPending || link.isPending) return <SignInCard title={t('signingIn')} />;
  if (isDone) return null;
  if (session.data?.must_change_password)
    return (
      <SignInCard title={t('choosePassword')} detail={t('choosePasswordWhy')}>
        <NewPasswordForm
          username={session.data.username}
          onDone={() => client.invalidateQueries({ queryKey: sessionQuery.queryKey })}
        />
      </SignInCard>
    );
  return (
    <SignInCard title={t('title')} detail={t('detail')}>
      <SignInForm error={link.error} onDone={(next) => client.setQueryData(sessionQuery.queryKey, next)} />
    </SignInCard>
  );
}
