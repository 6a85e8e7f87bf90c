/** Which datasets and models do for an input, and why the others do not. */

import type { Dataset, Model } from '@/viz/graph/assets';

export interface Fitness {
  dataset: Dataset;
  /** Why it does not do; null when it does. */
  unfit: 'kind' | 'empty' | 'classes' | null;
}

/** Datasets with whether they are of one of the kinds (any will do where none is named): those that fit first, in the order given. */
export function byFitness(datasets: Dataset[], kinds: string[]): Fitness[] {
  const all = datasets.map((dataset): Fitness => ({ dataset, unfit: unfitness(dataset, kinds) }));
  return [...all.filter(({ unfit }) => unfit === null), ...all.filter(({ unfit }) => unfit !== null)];
}

function unfitness({ latest }: Dataset, kinds: string[]): Fitness['unfit'] {
  if (kinds.length > 0 && !kinds.includes(latest.kind)) return 'kind';
  if (latest.num_samples === 0) return 'empty';
  // One class alone leaves nothing to tell apart.
  return kinds.join() === 'classification' && latest.num_classes < 2 ? 'classes' : null;
}

/** Models that are for one of these tasks; all where none is named. */
export function fittingModels(models: Model[], kinds: string[]): Model[] {
  return models.filter(({ latest }) => kinds.length === 0 || kinds.includes(latest.task));
}
