/** The token of a one-time link in the address's hash, as in `#link=abc`. It never reaches a server's log. */
export function linkToken(hash: string): string | null {
  return new URLSearchParams(hash.replace(/^#/, '')).get('link') || null;
}

/** Where to go after signing in: inside this console only. */
export function safeNext(next: string | undefined): string {
  if (
    !next?.startsWith('/') ||
    next.startsWith('//') ||
    next.startsWith('/\\') ||
    next.startsWith('/sign-in')
  )
    return '/';
  return next;
}
