import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { sessionQuery, signIn } from '@/api/session';
import { linkToken } from './model';

interface LinkState {
  isPending: boolean;
  error: unknown;
}

/** Uses the one-time link of the address, once, and takes it out of the address and the history. */
export function useSignInLink(): LinkState {
  const client = useQueryClient();
  const [token] = useState(() => linkToken(location.hash));
  const [state, setState] = useState<LinkState>({ isPending: token !== null, error: null });
  useEffect(() => {
    if (token === null) return;
    history.replaceState(history.state, '', location.pathname + location.search);
    once(token).then(
      (session) => {
        client.setQueryData(sessionQuery.queryKey, session);
        setState({ isPending: false, error: null });
      },
      (error) => setState({ isPending: false, error }),
    );
  }, [token, client]);
  return state;
}

const used = new Map<string, ReturnType<typeof signIn>>();

/** React may run an effect twice; a link works but once. */
function once(token: string): ReturnType<typeof signIn> {
  const promise = used.get(token) ?? signIn({ link_token: token });
  used.set(token, promise);
  return promise;
}
