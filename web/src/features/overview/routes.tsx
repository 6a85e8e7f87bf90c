import type { FeatureRoute } from '@/ui/routing';

export const routes: FeatureRoute[] = [{ path: '', texts: 'overview', load: () => import('./OverviewPage') }];
