import { queryOptions } from '@tanstack/react-query';
import { api, dataOf, type Schemas, setCsrfToken } from './client';
import { ProblemError } from './problem';

export type Session = Schemas['SessionOut'];

/** Who is signed in; null for nobody. */
export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: async (): Promise<Session | null> => {
    try {
      return remember(await dataOf(api.GET('/api/v1/session')));
    } catch (error) {
      if (error instanceof ProblemError && error.status === 401) return null;
      throw error;
    }
  },
  staleTime: Number.POSITIVE_INFINITY,
});

export async function signIn(body: Schemas['SessionCreate']): Promise<Session> {
  return remember(await dataOf(api.POST('/api/v1/session', { body })));
}

export async function signOut(): Promise<void> {
  await api.DELETE('/api/v1/session');
  setCsrfToken(null);
}

function remember(session: Session): Session {
  setCsrfToken(session.csrf_token);
  return session;
}
