/** Tasks that somebody began in this window and no longer watches: when one fails, it is told wherever one is by then. */

const begun = new Set<number>();

/** Tell when this task fails, from now on. */
export function tellWhenFailed(id: number): void {
  begun.add(id);
}

/** Whether what an event says of a task is to be told; once at most. */
export function isToBeTold({ id, state }: { id: number; state: string }): boolean {
  return state === 'failed' && begun.delete(id);
}
