import createClient, { type Middleware } from 'openapi-fetch';
import { ProblemError, readProblem } from './problem';
import type { components, paths } from './schema';

export type Schemas = components['schemas'];

let csrfToken: string | null = null;
const onSignedOut = new Set<() => void>();

/** Keeps the token that every change has to carry; it comes with the session. */
export function setCsrfToken(token: string | null): void {
  csrfToken = token;
}

/** Headers for a change sent by other means than `api`, as in an upload's pieces. */
export function changeHeaders(): Record<string, string> {
  return csrfToken === null ? {} : { 'X-CSRF-Token': csrfToken };
}

/** Calls back whenever an answer says that nobody is signed in any more. */
export function whenSignedOut(callback: () => void): () => void {
  onSignedOut.add(callback);
  return () => onSignedOut.delete(callback);
}

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

const guard: Middleware = {
  onRequest({ request }) {
    if (!SAFE.has(request.method) && csrfToken !== null) request.headers.set('X-CSRF-Token', csrfToken);
    return request;
  },
  async onResponse({ request, response }) {
    if (response.ok) return undefined;
    const problem = await readProblem(response);
    const isSignIn = request.method === 'POST' && new URL(request.url).pathname === '/api/v1/session';
    if (response.status === 401 && !isSignIn) for (const callback of onSignedOut) callback();
    throw problem;
  },
};

/**
 * The typed client of the REST interface. It throws ProblemError for every refusal, so that `data` of what it
 * returns is there; take it with `dataOf`.
 */
export const api = createClient<paths>({
  baseUrl: typeof location === 'undefined' ? 'http://localhost' : location.origin,
  fetch: (request) => globalThis.fetch(request),
});
api.use(guard);

/** The answer of a call: `await dataOf(api.GET('/api/v1/session'))`. */
export async function dataOf<T>(call: Promise<{ data?: T }>): Promise<T> {
  return (await call).data as T;
}

/** Whether trying again may help: the network or the server failed, not the request. */
export function isPassing(error: unknown): boolean {
  return !(error instanceof ProblemError) || error.status >= 500;
}
