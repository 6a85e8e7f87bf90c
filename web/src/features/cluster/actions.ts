/** Keeping new tasks away from machines: what can be done with one, and doing it. */

import { api, dataOf } from '@/api/client';
import { type Machine, stateOf } from './model';

export type Action = 'cordon' | 'uncordon' | 'drain' | 'undrain';

/** What one can do with a machine in its state, the mildest first. A machine that does not answer can be closed too. */
export function actionsOf(machine: Pick<Machine, 'is_healthy' | 'is_draining' | 'is_cordoned'>): Action[] {
  const state = stateOf({ ...machine, is_healthy: true });
  if (state === 'draining') return ['undrain', 'drain'];
  return state === 'cordoned' ? ['uncordon', 'drain'] : ['cordon', 'drain'];
}

/** Does it; of a drain one hears how many tasks were asked to move on and how many stay. */
export async function actOn(
  name: string,
  action: Action,
  reason: string,
): Promise<{ numMoving: number; numStaying: number }> {
  const params = { path: { name } };
  if (action === 'drain') {
    const { moving, staying } = await dataOf(
      api.POST('/api/v1/machines/{name}/drain', { params, body: { reason } }),
    );
    return { numMoving: moving.length, numStaying: staying.length };
  }
  if (action === 'undrain') await api.DELETE('/api/v1/machines/{name}/drain', { params });
  else
    await api.PATCH('/api/v1/machines/{name}', {
      params,
      body: { is_cordoned: action === 'cordon', reason },
    });
  return { numMoving: 0, numStaying: 0 };
}
