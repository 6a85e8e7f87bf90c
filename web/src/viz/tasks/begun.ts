/** Tasks that somebody began in this window and no longer watches: when one fails, it is told wherever one is by then. */

const begun = new Map<number, string>();

/** Tell when this task fails, from now on. */
export function tellWhenFailed(id: number, algorithm: string): void {
  begun.set(id, algorithm);
}

/** The algorithm of a task that has failed and is to be told of, once at most; null for what is not to be told. */
export function toBeTold({ id, state }: { id: number; state: string }): string | null {
  const algorithm = state === 'failed' ? begun.get(id) : undefined;
  if (algorithm === undefined) return null;
  begun.delete(id);
  return algorithm;
}
