import { expect, it } from 'vitest';
import { SNIPPET_LANGUAGES, snippet } from './model';

it.each(SNIPPET_LANGUAGES)('calls the endpoint from %s with a token from the environment', (language) => {
  const text = snippet(language, 'http://kpl:8700', '/serve/default/digits');
  expect(text).toContain('http://kpl:8700/serve/default/digits/predict');
  expect(text).toContain('KPL_TOKEN');
  expect(text).toContain('image/png');
});
