import { expect, it } from 'vitest';
import type { Algorithm } from './api';
import { byTask, publishedVersion } from './model';

const algorithm = (name: string, task: string, title = name): Algorithm => ({
  name,
  version: '1.0.0',
  origin: 'builtin',
  title: { en: title, zh: '标题' },
  description: { en: 'does things' },
  task,
  licence: 'Apache-2.0',
  environment: 'host',
  functions: ['train'],
  is_for_pipelines: true,
  tree: '',
  installed_at: '',
  installed_by: '',
});

it('groups by task with processing last, and searches in the reader’s language', () => {
  const all = [
    algorithm('split', 'processing'),
    algorithm('yolo', 'detection'),
    algorithm('net', 'classification'),
  ];
  expect(byTask(all, '', 'en').map(({ task }) => task)).toEqual([
    'classification',
    'detection',
    'processing',
  ]);
  expect(byTask(all, 'yolo train', 'en')).toHaveLength(1);
  expect(byTask(all, '标题', 'zh')).toHaveLength(3);
  expect(byTask(all, '标题', 'en')).toEqual([]);
});

it('what an output was published as is taken apart', () => {
  expect(publishedVersion([{ published_as: '' }, { published_as: 'echo@1.0.0' }])).toEqual({
    name: 'echo',
    version: '1.0.0',
  });
  expect(publishedVersion([{ published_as: '' }])).toBeNull();
});
