import { expect, test, vi } from 'vitest';
import { whenChinese } from './chinese';

test('Chinese words are noticed when they come, and once', async () => {
  const root = document.createElement('div');
  const found = vi.fn();
  whenChinese(root, found);
  root.append('Runs', document.createElement('p'));
  await Promise.resolve();
  expect(found).not.toHaveBeenCalled();
  root.querySelector('p')?.append('缺陷检测');
  await vi.waitFor(() => expect(found).toHaveBeenCalledOnce());
  root.append('夜间训练');
  await Promise.resolve();
  expect(found).toHaveBeenCalledOnce();
});

test('Chinese words that change in place, and those already there, are noticed', async () => {
  const root = document.createElement('div');
  const words = document.createTextNode('Wang Fang');
  root.append(words);
  const changed = vi.fn();
  whenChinese(root, changed);
  words.data = '王芳';
  await vi.waitFor(() => expect(changed).toHaveBeenCalledOnce());
  const there = vi.fn();
  whenChinese(root, there);
  expect(there).toHaveBeenCalledOnce();
});
