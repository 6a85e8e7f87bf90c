import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, dataOf, type Schemas } from '@/api/client';

export type Token = Schemas['TokenOut'];
export type User = Schemas['UserOut'];
export type Member = Schemas['MemberOut'];
export type AuditEntry = Schemas['AuditOut'];
export type Role = Member['role'];

const ALL = { query: { limit: 500 } };

export const tokensQuery = queryOptions({
  queryKey: ['tokens'],
  queryFn: async () => (await dataOf(api.GET('/api/v1/tokens', { params: ALL }))).items,
});

export const createToken = (body: Schemas['TokenCreate']) => dataOf(api.POST('/api/v1/tokens', { body }));

export async function deleteToken(id: number): Promise<void> {
  await api.DELETE('/api/v1/tokens/{token_id}', { params: { path: { token_id: id } } });
}

export const usersQuery = queryOptions({
  queryKey: ['users'],
  queryFn: async () => (await dataOf(api.GET('/api/v1/users', { params: ALL }))).items,
});

export const createUser = (body: Schemas['UserCreate']) => dataOf(api.POST('/api/v1/users', { body }));

export const createLink = (username: string) =>
  dataOf(api.POST('/api/v1/users/{username}/sign-in-link', { params: { path: { username } } }));

export const membersQuery = (project: string) =>
  queryOptions({
    queryKey: ['members', project],
    queryFn: async () => {
      const params = { path: { project }, ...ALL };
      return (await dataOf(api.GET('/api/v1/projects/{project}/members', { params }))).items;
    },
  });

export const putMember = (project: string, username: string, role: Role) =>
  dataOf(
    api.PUT('/api/v1/projects/{project}/members/{username}', {
      params: { path: { project, username } },
      body: { role },
    }),
  );

export async function deleteMember(project: string, username: string): Promise<void> {
  await api.DELETE('/api/v1/projects/{project}/members/{username}', {
    params: { path: { project, username } },
  });
}

export const createProject = (body: Schemas['ProjectCreate']) =>
  dataOf(api.POST('/api/v1/projects', { body }));

export interface AuditFilter {
  username: string | null;
  action: string | null;
}

export const auditQuery = (filter: AuditFilter) =>
  infiniteQueryOptions({
    queryKey: ['audit', filter],
    queryFn: ({ pageParam }) =>
      dataOf(api.GET('/api/v1/audit', { params: { query: { ...filter, cursor: pageParam, limit: 100 } } })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
