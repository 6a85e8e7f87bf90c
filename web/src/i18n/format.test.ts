import { expect, test } from 'vitest';
import {
  formatAbsolute,
  formatBytes,
  formatCompact,
  formatDay,
  formatDuration,
  formatMetric,
  formatRelative,
  formatShare,
  formatSpan,
  inLanguage,
} from './format';

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.00 KB'],
  [10_239, '10.0 KB'],
  [1_048_575, '1.00 MB'],
  [214.6 * 2 ** 30, '215 GB'],
])('%d bytes are %s', (bytes, words) => expect(formatBytes(bytes)).toBe(words));

test.each([
  [0.34, '340 ms', '340 毫秒'],
  [4.21, '4.2s', '4.2 秒'],
  [59.7, '1m 00s', '1 分 00 秒'],
  [1264, '21m 04s', '21 分 04 秒'],
  [12_060, '3h 21m', '3 小时 21 分'],
  [187_300, '2d 4h', '2 天 4 小时'],
])('%d seconds are %s', (seconds, en, zh) => {
  expect(formatDuration(seconds, 'en')).toBe(en);
  expect(formatDuration(seconds, 'zh')).toBe(zh);
});

test.each([
  [0.99306, '0.9931'],
  [1.615e-4, '1.61e-4'],
  [24_348.4, '24,348'],
  [206_948, '206,948'],
  [0, '0'],
  [Number.NaN, 'NaN'],
])('the metric %d reads %s', (value, words) => expect(formatMetric(value)).toBe(words));

test('large counts are short in either language', () => {
  expect(formatCompact(1797, 'en')).toBe('1,797');
  expect(formatCompact(2_460_000, 'en')).toBe('2.46M');
  expect(formatCompact(2_460_000, 'zh')).toBe('246万');
});

test('shares are percentages', () => expect(formatShare(0.8951)).toBe('89.5 %'));

test.each([
  [600, '10 minutes', '10 分钟'],
  [86_400, '1 day', '1 天'],
  [45, '45 seconds', '45 秒钟'],
  [5400, '90 minutes', '90 分钟'],
  [0.5, '500 ms', '500 毫秒'],
])('a span of %d s is told whole', (seconds, en, zh) => {
  expect(formatSpan(seconds, 'en')).toBe(en);
  expect(formatSpan(seconds, 'zh')).toBe(zh);
});

test('moments are told from now', () => {
  const now = new Date('2026-01-10T12:00:00Z');
  expect(formatRelative(new Date('2026-01-10T11:55:00Z'), now, 'en')).toBe('5 min. ago');
  expect(formatRelative(new Date('2026-01-10T11:55:00Z'), now, 'zh')).toBe('5 分钟前');
  expect(formatRelative(new Date('2026-01-10T11:59:50Z'), now, 'zh')).toBe('现在');
  expect(formatAbsolute(now, 'en')).toContain('2026');
  expect(formatDay(now, 'en')).toBe('10 Jan 2026');
  expect(formatDay(now, 'zh')).toBe('2026年1月10日');
});

test('what the server says is read in Chinese where it knows the Chinese', () => {
  const task = { id: 1, reason: 'OOM', reason_zh: '', why: 'ran: first time', why_zh: '已执行：首次执行' };
  expect(inLanguage(task, 'en')).toBe(task);
  expect(inLanguage(task, 'zh')).toMatchObject({ id: 1, reason: 'OOM', why: '已执行：首次执行' });
});
