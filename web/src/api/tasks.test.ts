import { expect, it } from 'vitest';
import { unsettled } from './tasks';

it('a failed import is settled by a later one of the same dataset', () => {
  const ended = (name: string, hour: number) => ({ name, finished_at: `2026-01-01T${hour}:00:00Z` });
  const failed = [ended('import pets', 12), ended('import owls', 12)];
  expect(unsettled(failed, [ended('import pets', 13)])).toEqual([failed[1]]);
  expect(unsettled(failed, [ended('import pets', 11), ended('import cats', 13)])).toEqual(failed);
});
