import { expect, it } from 'vitest';
import { bestScores, isName, isServing, isStoppable, SNIPPET_LANGUAGES, snippet } from './model';

it.each(SNIPPET_LANGUAGES)('calls the endpoint from %s with a token from the environment', (language) => {
  const text = snippet(language, 'http://kpl:8700', '/serve/default/digits');
  expect(text).toContain('http://kpl:8700/serve/default/digits/predict');
  expect(text).toContain('KPL_TOKEN');
  expect(text).toContain('image/png');
});

it('puts the best classes first, and has none for other answers', () => {
  const scores = [
    { label: 'a', score: 0.1 },
    { label: 'b', score: 0.9 },
  ];
  expect(bestScores({ scores }, 1)).toEqual([{ label: 'b', score: 0.9 }]);
  expect(bestScores({ type: 'detection' })).toEqual([]);
});

it('knows which endpoints answer and which can be stopped', () => {
  expect(isServing('ready')).toBe(true);
  expect(isServing('starting')).toBe(false);
  expect(isStoppable('restarting')).toBe(true);
  expect(isStoppable('stopped')).toBe(false);
});

it('takes names as the server does', () => {
  expect(isName('digits-v2')).toBe(true);
  expect(isName('Digits')).toBe(false);
});
