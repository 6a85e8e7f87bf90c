import { api, dataOf } from '@/api/client';
import { projectPath } from '@/ui/routing';

export interface PaletteItem {
  /** Its address. */
  id: string;
  name: string;
  kind: 'datasets' | 'models' | 'algorithms' | 'pipelines' | 'runs' | 'endpoints';
}

/** Everything of a project that has a name, in the order of the navigation. */
export function paletteQueries(project: string) {
  const params = { path: { project }, query: { limit: 200 } };
  const base = '/api/v1/projects/{project}' as const;
  const named = (kind: PaletteItem['kind'], load: () => Promise<{ items: { name: string }[] }>) => ({
    queryKey: [kind, project, 'palette'],
    queryFn: async (): Promise<PaletteItem[]> =>
      (await load()).items.map(({ name }) => ({ id: projectPath(project, kind, name), name, kind })),
  });
  return [
    named('datasets', () => dataOf(api.GET(`${base}/datasets`, { params }))),
    named('models', () => dataOf(api.GET(`${base}/models`, { params }))),
    named('algorithms', () => dataOf(api.GET(`${base}/algorithms`, { params }))),
    named('pipelines', () => dataOf(api.GET(`${base}/pipelines`, { params }))),
    named('endpoints', () => dataOf(api.GET(`${base}/endpoints`, { params }))),
    {
      queryKey: ['runs', project, 'palette'],
      queryFn: async (): Promise<PaletteItem[]> =>
        (await dataOf(api.GET(`${base}/runs`, { params }))).items.map(({ id, name }) => ({
          id: projectPath(project, 'runs', id),
          name: `#${id} ${name}`,
          kind: 'runs',
        })),
    },
  ];
}
