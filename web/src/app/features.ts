import type { FeatureRoute } from '@/ui/routing';

/** The addresses of each feature: overview, datasets, models, algorithms, pipelines, runs, notebooks, endpoints, cluster, settings. */
const modules = import.meta.glob<{ routes: FeatureRoute[] }>('../features/*/routes.tsx', { eager: true });

export const featureRoutes: FeatureRoute[] = Object.values(modules).flatMap((module) => module.routes);
