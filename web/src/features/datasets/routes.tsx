import type { FeatureRoute } from '@/ui/routing';

export const routes: FeatureRoute[] = [
  { path: 'datasets', texts: 'datasets', load: () => import('./list/DatasetsPage') },
  { path: 'datasets/$name', texts: 'datasets', load: () => import('./browser/DatasetPage') },
];
