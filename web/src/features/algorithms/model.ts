import type { Algorithm } from './api';

export interface TaskGroup {
  task: string;
  items: Algorithm[];
}

/** Algorithms by what they are for; data processing comes last. */
export function byTask(algorithms: Algorithm[]): TaskGroup[] {
  const groups = new Map<string, Algorithm[]>();
  for (const algorithm of algorithms)
    groups.set(algorithm.task, [...(groups.get(algorithm.task) ?? []), algorithm]);
  const rank = (task: string) => (task === 'processing' ? 1 : 0);
  return [...groups]
    .map(([task, items]) => ({ task, items: items.sort((a, b) => a.name.localeCompare(b.name)) }))
    .sort((a, b) => rank(a.task) - rank(b.task) || a.task.localeCompare(b.task));
}

/** The version that an output was published as; null while nothing was. */
export function publishedVersion(
  outputs: { published_as: string }[],
): { name: string; version: string } | null {
  const published = outputs.find(({ published_as }) => published_as !== '')?.published_as;
  if (published === undefined) return null;
  const at = published.lastIndexOf('@');
  return { name: published.slice(0, at), version: published.slice(at + 1) };
}
