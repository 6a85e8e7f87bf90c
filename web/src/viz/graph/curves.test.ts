import { expect, it } from 'vitest';
import { curveOf, timeLeft_s } from './curves';

it('draws a metric of validation before others, and only one that has a course', () => {
  const metric = (name: string, num_points: number) => ({ name, num_points });
  expect(curveOf([metric('loss', 9), metric('val_accuracy', 3)])?.name).toBe('val_accuracy');
  expect(curveOf([metric('loss', 9), metric('val_accuracy', 1)])?.name).toBe('loss');
  expect(curveOf([metric('loss', 1)])).toBeNull();
});

it('tells the time left by the progress so far, once that says something', () => {
  const [since, now] = ['2026-01-01T00:00:00Z', Date.parse('2026-01-01T00:00:30Z')];
  expect(timeLeft_s(since, 0.25, now)).toBe(90);
  expect(timeLeft_s(since, 0.01, now)).toBeNull();
  expect(timeLeft_s(since, 1, now)).toBeNull();
  expect(timeLeft_s(since, 0.5, Date.parse(since) + 1000)).toBeNull();
});
