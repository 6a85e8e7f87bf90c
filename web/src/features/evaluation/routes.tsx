import type { FeatureRoute } from '@/ui/routing';

export const routes: FeatureRoute[] = [
  { path: 'evaluations/$task', texts: 'evaluation', load: () => import('./EvaluationPage') },
];
