/** Where a task is shown: on the page of its run, or on its own where it has none or is a trial of a search. */

import { projectPath } from '@/ui/routing';

interface TaskLike {
  id: number;
  run_id: number | null;
  name: string;
}

/** The address of a task, or of one of its views; the log of one that failed opens at the error. */
export function taskPath(project: string, { id, run_id, name }: TaskLike, tab?: 'log'): string {
  // Trials are called by their search and number, as in `train/7`.
  const isAlone = run_id === null || /\/\d+$/.test(name);
  const query = new URLSearchParams({
    ...(isAlone ? {} : { task: name }),
    ...(tab ? { tab } : {}),
  });
  const page = isAlone ? projectPath(project, 'tasks', id) : projectPath(project, 'runs', run_id);
  return query.size > 0 ? `${page}?${query}` : page;
}
