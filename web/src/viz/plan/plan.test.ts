import { expect, it } from 'vitest';
import { formatBytes } from '@/i18n/format';
import type { Plan } from './api';
import { amountText, isRefused } from './plan';

it('writes amounts as people read them', () => {
  expect(amountText('cpu', 1500, formatBytes)).toBe('1.5');
  expect(amountText('gpu:a100', 2000, formatBytes)).toBe('2');
  expect(amountText('memory', 2048, formatBytes)).toBe(formatBytes(2 ** 31));
  expect(amountText('tasks', 9, formatBytes)).toBe('9');
});

it('refuses a plan with a step that could never start', () => {
  const plan = (...refusals: string[]) => ({ steps: refusals.map((refusal) => ({ refusal })) }) as Plan;
  expect(isRefused(undefined)).toBe(false);
  expect(isRefused(plan('', ''))).toBe(false);
  expect(isRefused(plan('', 'asks for too much'))).toBe(true);
});
