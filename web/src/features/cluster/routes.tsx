import type { FeatureRoute } from '@/ui/routing';

export const routes: FeatureRoute[] = [
  { path: 'cluster', scope: 'global', texts: 'cluster', load: () => import('./ClusterPage') },
];
