import { expect, it } from 'vitest';
import { timeLeft_s } from './curves';

it('tells the time left by the progress so far, once that says something', () => {
  const [since, now] = ['2026-01-01T00:00:00Z', Date.parse('2026-01-01T00:00:30Z')];
  expect(timeLeft_s(since, 0.25, now)).toBe(90);
  expect(timeLeft_s(since, 0.01, now)).toBeNull();
  expect(timeLeft_s(since, 1, now)).toBeNull();
  expect(timeLeft_s(since, 0.5, Date.parse(since) + 1000)).toBeNull();
});
