/** Where a task is shown: on the page of its run, or on its own where it has none. */

import { projectPath } from '@/ui/routing';

interface TaskLike {
  id: number;
  run_id: number | null;
  name: string;
}

/** The address of a task; with a line counted from the end, that of its log at that line. */
export function taskPath(project: string, { id, run_id, name }: TaskLike, lineFromEnd?: number): string {
  const query = new URLSearchParams({
    ...(run_id === null ? {} : { task: name }),
    ...(lineFromEnd ? { tab: 'log', line: String(-lineFromEnd) } : {}),
  });
  const page = run_id === null ? projectPath(project, 'tasks', id) : projectPath(project, 'runs', run_id);
  return query.size > 0 ? `${page}?${query}` : page;
}
