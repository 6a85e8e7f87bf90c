import { useQuery } from '@tanstack/react-query';
import { Outlet, useNavigate, useParams } from '@tanstack/react-router';
import { Suspense, useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { useConnection } from '@/api/live';
import { toProblem } from '@/api/problem';
import { projectQuery } from '@/api/projects';
import { sessionQuery } from '@/api/session';
import { ErrorState } from '@/ui/ErrorState';
import { rememberProject, useProject } from '@/ui/routing';
import { MissingProject } from './MissingProject';
import { PageSkeleton } from './PageSkeleton';
import { Rail } from './Rail';
import { Shortcuts } from './Shortcuts';
import { useFailureToasts } from './useFailureToasts';
import { useProjectUpdates } from './useProjectUpdates';

/** What stands around every page of someone signed in. */
export function Shell() {
  const session = useQuery(sessionQuery);
  const mustSignIn = session.isSuccess && (session.data === null || session.data.must_change_password);
  useSignInWhen(mustSignIn);
  if (session.isPending) return null;
  if (session.isError)
    return (
      <main className="grid h-full place-items-center">
        <ErrorState error={session.error} onRetry={() => void session.refetch()} />
      </main>
    );
  return mustSignIn ? null : <Frame />;
}

/** Goes to the sign-in, once, which comes back to this address. */
function useSignInWhen(isNeeded: boolean): void {
  const navigate = useNavigate();
  useEffect(() => {
    const { pathname, search } = window.location;
    if (!isNeeded || pathname === '/sign-in') return;
    const next = pathname === '/' ? undefined : pathname + search;
    void navigate({ to: '/sign-in', search: { next } as never, replace: true });
  }, [isNeeded, navigate]);
}

function Frame() {
  const { t } = useTranslation();
  const params = useParams({ strict: false }) as { project?: string };
  const project = useProject();
  const known = useQuery(projectQuery(project));
  const isMissing = known.isError && [403, 404].includes(toProblem(known.error).status);
  useEffect(() => {
    if (params.project && known.isSuccess) rememberProject(params.project);
  }, [params.project, known.isSuccess]);
  useProjectUpdates(project, known.data !== undefined && !isMissing);
  useFailureToasts(project);
  return (
    <div className="flex h-full">
      <a
        href="#content"
        className="fixed top-2 left-2 z-50 -translate-y-16 rounded-md bg-accent px-3 py-1.5 font-medium text-on-accent focus:translate-y-0"
      >
        {t('skip')}
      </a>
      <Rail />
      <div className="flex min-w-0 flex-1 flex-col">
        <LostBanner />
        <main id="content" tabIndex={-1} className="min-h-0 flex-1 outline-none">
          {isMissing && params.project ? (
            <MissingProject project={params.project} />
          ) : (
            <Suspense fallback={<PageSkeleton />}>
              <Outlet />
            </Suspense>
          )}
        </main>
      </div>
      <Shortcuts />
    </div>
  );
}

function LostBanner() {
  const { t } = useTranslation();
  if (useConnection() !== 'lost') return null;
  return (
    <p
      role="status"
      className="shrink-0 border-b border-line bg-[color-mix(in_srgb,var(--warning)_14%,transparent)] px-6 py-1.5 text-12 font-medium text-warning"
    >
      {t('live.lostBanner')}
    </p>
  );
}
