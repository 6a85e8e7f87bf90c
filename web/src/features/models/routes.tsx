import type { FeatureRoute } from '@/ui/routing';

export const routes: FeatureRoute[] = [
  { path: 'models', texts: 'models', load: () => import('./ModelsPage') },
  { path: 'models/$name', texts: 'models', load: () => import('./ModelPage') },
];
