/** Where a task is shown: on the page of its run, or on its own where it has none. */

import { projectPath } from '@/ui/routing';

interface TaskLike {
  id: number;
  run_id: number | null;
  name: string;
}

/** The address of a task, or of one of its views; the log of one that failed opens at the error. */
export function taskPath(project: string, { id, run_id, name }: TaskLike, tab?: 'log'): string {
  const query = new URLSearchParams({
    ...(run_id === null ? {} : { task: name }),
    ...(tab ? { tab } : {}),
  });
  const page = run_id === null ? projectPath(project, 'tasks', id) : projectPath(project, 'runs', run_id);
  return query.size > 0 ? `${page}?${query}` : page;
}
