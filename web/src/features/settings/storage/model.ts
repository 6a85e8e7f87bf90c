/** Rules of the storage page: colours of kinds, and where the things lead that refer to an artifact. */

import { projectPath } from '@/ui/routing';
import { taskPath } from '@/viz/tasks/place';
import type { Kind, Reference } from './api';

export const KINDS: Kind[] = ['dataset', 'model', 'algorithm', 'step', 'none'];

const COLOURS: Record<Kind, string> = {
  dataset: 'var(--kind-dataset)',
  model: 'var(--kind-model)',
  algorithm: 'var(--kind-train)',
  step: 'var(--kind-test)',
  none: 'var(--line-strong)',
};

export function colourOf(kind: Kind): string {
  return COLOURS[kind];
}

/** Bytes of each kind in their fixed order, kinds without any left out. */
export function partsOf(bytes: Partial<Record<Kind, number>>): { id: Kind; count: number; colour: string }[] {
  return KINDS.flatMap((id) => {
    const count = bytes[id] ?? 0;
    return count > 0 ? [{ id, count, colour: colourOf(id) }] : [];
  });
}

/** Where one gets from a reference; null for what belongs to no project or has no page of its own. */
export function pathOf({ type, project, name, version, task_id, run_id }: Reference): string | null {
  if (project === null) return null;
  switch (type) {
    case 'dataset':
      return `${projectPath(project, 'datasets', name)}?v=${version}`;
    case 'model':
      return `${projectPath(project, 'models', name)}?v=${version}`;
    case 'algorithm':
      return projectPath(project, 'algorithms', name);
    default:
      return task_id === null ? null : taskPath(project, { id: task_id, run_id, name });
  }
}
