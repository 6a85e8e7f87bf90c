import type { ComponentType } from 'react';
import type { FeatureRoute } from '@/ui/routing';
import { withTexts } from './texts';

type Page = Promise<{ default: ComponentType }>;

const load = (page: Page): Page =>
  withTexts('pipelines', import('./texts/en.json'), import('./texts/zh.json'), page);

export const routes: FeatureRoute[] = [
  { path: 'pipelines', texts: 'common', load: () => load(import('./list/ListPage')) },
  { path: 'pipelines/$name', texts: 'common', load: () => load(import('./editor/EditorPage')) },
  { path: 'templates/$name', texts: 'common', load: () => load(import('./templates/TemplatePage')) },
];
