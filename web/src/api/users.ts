import { api, dataOf, type Schemas } from './client';

/** Changes a user; one's own password needs the current one unless it was for one time. */
export function updateUser(username: string, body: Schemas['UserUpdate']): Promise<Schemas['UserOut']> {
  return dataOf(api.PATCH('/api/v1/users/{username}', { params: { path: { username } }, body }));
}
