/** Rules of what a search found: the best so far, and which plots tell of it. */

import type { Schemas } from '@/api/client';
import type { SearchRange } from '@/viz/graph/document';
import { asWord } from '../axis';

export type Trial = Schemas['TrialOut'];

/** The best value up to each trial, in their order; those before the first value are left out. */
export function bestSoFar(
  trials: Pick<Trial, 'trial' | 'value'>[],
  direction: Schemas['SearchState']['direction'],
): { trial: number; value: number }[] {
  const better = direction === 'maximize' ? Math.max : Math.min;
  const line: { trial: number; value: number }[] = [];
  for (const { trial, value } of [...trials].sort((a, b) => a.trial - b.trial)) {
    const before = line.at(-1)?.value;
    if (value !== null) line.push({ trial, value: before === undefined ? value : better(before, value) });
    else if (before !== undefined) line.push({ trial, value: before });
  }
  return line;
}

/** The parameters that were searched, each with the values that came up, in the order of their names. */
export function searchedIn(trials: Pick<Trial, 'parameters'>[]): { name: string; values: unknown[] }[] {
  const names = [...new Set(trials.flatMap(({ parameters }) => Object.keys(parameters)))].sort();
  return names.map((name) => ({
    name,
    values: trials.flatMap(({ parameters }) => (name in parameters ? [parameters[name]] : [])),
  }));
}

/** The words of an axis for values that are no numbers: as the range lists them, then what came up beside; null for numbers. */
export function wordsOf(values: unknown[], range: SearchRange | undefined): string[] | null {
  const isNumeric = values.every((each) => typeof each === 'number');
  if (isNumeric && !range?.choices) return null;
  const isFewNumbers = isNumeric && (range?.choices ?? []).every((each) => typeof each === 'number');
  const all = [...(range?.choices ?? []), ...values];
  const sorted = isFewNumbers ? all.sort((a, b) => Number(a) - Number(b)) : all;
  return [...new Set(sorted.map(asWord))];
}
