import { loadTexts } from '@/i18n';
import type { FeatureRoute } from '@/ui/routing';

/** Functions and ports are called here as on the canvas. */
async function withCanvasTexts<T>(page: Promise<T>): Promise<T> {
  const [loaded] = await Promise.all([page, loadTexts('pipelines')]);
  return loaded;
}

export const routes: FeatureRoute[] = [
  { path: 'algorithms', texts: 'algorithms', load: () => withCanvasTexts(import('./list/AlgorithmsPage')) },
  {
    path: 'algorithms/$name',
    texts: 'algorithms',
    load: () => withCanvasTexts(import('./page/AlgorithmPage')),
  },
];
