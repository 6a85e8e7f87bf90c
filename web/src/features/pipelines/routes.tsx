import type { FeatureRoute } from '@/ui/routing';

export const routes: FeatureRoute[] = [
  { path: 'pipelines', texts: 'pipelines', load: () => import('./list/ListPage') },
  { path: 'pipelines/$name', texts: 'pipelines', load: () => import('./editor/EditorPage') },
  { path: 'templates/$name', texts: 'pipelines', load: () => import('./templates/TemplatePage') },
];
