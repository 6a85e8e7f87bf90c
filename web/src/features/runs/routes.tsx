import { loadTexts } from '@/i18n';
import type { FeatureRoute } from '@/ui/routing';

export const routes: FeatureRoute[] = [
  { path: 'runs', texts: 'runs', load: () => import('./list/RunsPage') },
  { path: 'runs/compare', texts: 'runs', load: () => import('./compare/ComparePage') },
  { path: 'runs/$id', texts: 'runs', load: () => withCanvasTexts(import('./page/RunPage')) },
  { path: 'tasks/$id', texts: 'runs', load: () => withCanvasTexts(import('./task/TaskPage')) },
];

/** The graph and the ports speak the words of the canvas. */
async function withCanvasTexts<T>(page: Promise<T>): Promise<T> {
  const [loaded] = await Promise.all([page, loadTexts('pipelines')]);
  return loaded;
}
