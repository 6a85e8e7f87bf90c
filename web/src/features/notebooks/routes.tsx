import type { FeatureRoute } from '@/ui/routing';

export const routes: FeatureRoute[] = [
  { path: 'notebooks', texts: 'notebooks', load: () => import('./NotebooksPage') },
];
