import type { FeatureRoute } from '@/ui/routing';

export const routes: FeatureRoute[] = [
  { path: 'settings', scope: 'global', texts: 'settings', load: () => import('./SettingsPage') },
];
