import type { QueryKey } from '@tanstack/react-query';
import { type LiveEvent, useLiveQueries } from '@/api/live';

/** Queries of a project that may have changed while no event came through. */
const ALL = ['datasets', 'models', 'algorithms', 'pipelines', 'runs', 'tasks', 'endpoints'];

/** Names the lists that an event of a project outdates. Every query of a project begins with [feature, project]. */
export function outdatedBy(event: LiveEvent, project: string): QueryKey[] {
  if (event.type === 'run') return [['runs', project]];
  if (event.type === 'task') {
    const keys: QueryKey[] = [['tasks', project]];
    if (event.data.state === 'succeeded') keys.push(['datasets', project], ['models', project]);
    if (event.data.endpoint) keys.push(['endpoints', project]);
    return keys;
  }
  if (event.type === 'pipeline') return [['pipelines', project]];
  if (event.type === 'project') return [['projects']];
  return [];
}

/** Keeps what is shown of a project up to date while any of its pages is open. */
export function useProjectUpdates(project: string, isEnabled: boolean): void {
  useLiveQueries([`project:${project}`], (event) => outdatedBy(event, project), {
    always: ALL.map((feature) => [feature, project]),
    isEnabled,
  });
}
