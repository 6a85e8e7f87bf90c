import type { Algorithm } from './api';

export interface TaskGroup {
  task: string;
  items: Algorithm[];
}

/** Algorithms that have the searched words, by what they are for; data processing comes last. */
export function byTask(algorithms: Algorithm[], search: string, language: string): TaskGroup[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const groups = new Map<string, Algorithm[]>();
  for (const algorithm of algorithms) {
    const texts = [algorithm.title, algorithm.description].map((each) => each[language] ?? each.en ?? '');
    const text = [algorithm.name, algorithm.task, ...texts, ...algorithm.functions].join(' ').toLowerCase();
    if (!words.every((word) => text.includes(word))) continue;
    groups.set(algorithm.task, [...(groups.get(algorithm.task) ?? []), algorithm]);
  }
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
