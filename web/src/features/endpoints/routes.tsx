import type { FeatureRoute } from '@/ui/routing';

export const routes: FeatureRoute[] = [
  { path: 'endpoints', texts: 'endpoints', load: () => import('./list/EndpointsPage') },
  { path: 'endpoints/$name', texts: 'endpoints', load: () => import('./page/EndpointPage') },
];
