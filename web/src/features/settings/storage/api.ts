import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, dataOf, type Schemas } from '@/api/client';

export type Storage = Schemas['StorageOut'];
export type Kind = Schemas['StoredKindOut']['kind'];
export type Reference = Schemas['ReferenceOut'];
export type StoredArtifact = Schemas['StoredArtifactOut'];
export type ProjectStorage = Schemas['ProjectStorageOut'];
export type GarbageItem = Schemas['GarbageItemOut'];

const base = '/api/v1/storage' as const;
const WHILE_COUNTING_MS = 500;

export const storageQuery = queryOptions({
  queryKey: ['storage'],
  queryFn: () => dataOf(api.GET(base)),
  refetchInterval: ({ state }) => (state.data?.is_counting ? WHILE_COUNTING_MS : false),
});

/** Has everything counted anew; `storageQuery` tells when that is done. */
export const countStorage = (): Promise<Storage> => dataOf(api.POST(`${base}/count`));

export const collectGarbage = (): Promise<Schemas['GarbageOut']> => dataOf(api.POST(`${base}/collect`));

// What is listed is that of one count: with the next one it is read anew.

export const projectsQuery = (countedAt: string | null) =>
  infiniteQueryOptions({
    queryKey: ['storage', 'projects', countedAt],
    queryFn: ({ pageParam }) =>
      dataOf(api.GET(`${base}/projects`, { params: { query: { cursor: pageParam, limit: 10 } } })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });

export const artifactsQuery = (countedAt: string | null, kind: Kind | null) =>
  infiniteQueryOptions({
    queryKey: ['storage', 'artifacts', countedAt, kind],
    queryFn: ({ pageParam }) =>
      dataOf(api.GET(`${base}/artifacts`, { params: { query: { kind, cursor: pageParam, limit: 20 } } })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });

export const garbageQuery = (countedAt: string | null) =>
  infiniteQueryOptions({
    queryKey: ['storage', 'garbage', countedAt],
    queryFn: ({ pageParam }) =>
      dataOf(api.GET(`${base}/garbage`, { params: { query: { cursor: pageParam, limit: 50 } } })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
