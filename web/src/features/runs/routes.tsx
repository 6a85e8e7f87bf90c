import { loadTexts } from '@/i18n';
import type { FeatureRoute } from '@/ui/routing';

export const routes: FeatureRoute[] = [
  { path: 'runs', texts: 'runs', load: () => import('./list/RunsPage') },
  { path: 'runs/compare', texts: 'runs', load: () => import('./compare/ComparePage') },
  {
    path: 'runs/$id',
    texts: 'runs',
    load: async () => {
      // The graph speaks the words of the canvas.
      const [page] = await Promise.all([import('./page/RunPage'), loadTexts('pipelines')]);
      return page;
    },
  },
];
