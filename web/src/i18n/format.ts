import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { spaced } from './chinese';
import type { Language } from './index';

const BYTE_UNITS = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'];

/** Bytes in powers of 1024 with three significant digits, as in `4.52 MB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1023.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : significant(value)} ${BYTE_UNITS[unit]}`;
}

function significant(value: number): string {
  return value >= 99.95 ? value.toFixed(0) : value >= 9.995 ? value.toFixed(1) : value.toFixed(2);
}

/** `1,797`, in either language. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** Counts that have little room: `2.46 M` in English, `246 万` in Chinese. */
export function formatCompact(count: number, language: Language): string {
  if (count < 10_000) return formatCount(count);
  return new Intl.NumberFormat(language === 'zh' ? 'zh-CN' : 'en-US', {
    notation: 'compact',
    maximumSignificantDigits: 3,
  }).format(count);
}

/** A metric's value: four significant digits, scientific only where plain digits would be long. */
export function formatMetric(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-3) return value.toExponential(2).replace('e+', 'e');
  if (Number.isInteger(value)) return formatCount(value);
  return size >= 1000 ? formatCount(Math.round(value)) : String(Number(value.toPrecision(4)));
}

/** `0.8951` as `89.5 %`. */
export function formatShare(share: number, digits = 1): string {
  return `${(share * 100).toFixed(digits)} %`;
}

const UNITS: Record<Language, { ms: string; s: string; m: string; h: string; d: string }> = {
  en: { ms: ' ms', s: 's', m: 'm', h: 'h', d: 'd' },
  zh: { ms: ' 毫秒', s: ' 秒', m: ' 分', h: ' 小时', d: ' 天' },
};

/** Two largest units: `340 ms`, `4.2s`, `21m 04s`, `3h 20m`, `2d 4h`. */
export function formatDuration(seconds: number, language: Language): string {
  const unit = UNITS[language];
  if (seconds < 0.9995) return `${Math.max(0, Math.round(seconds * 1000))}${unit.ms}`;
  if (seconds < 9.95) return `${seconds.toFixed(1)}${unit.s}`;
  const whole = Math.round(seconds);
  const two = (n: number) => String(n).padStart(2, '0');
  if (whole < 60) return `${whole}${unit.s}`;
  if (whole < 3600) return `${Math.floor(whole / 60)}${unit.m} ${two(whole % 60)}${unit.s}`;
  if (whole < 86_400)
    return `${Math.floor(whole / 3600)}${unit.h} ${two(Math.floor((whole % 3600) / 60))}${unit.m}`;
  return `${Math.floor(whole / 86_400)}${unit.d} ${Math.floor((whole % 86_400) / 3600)}${unit.h}`;
}

const SPANS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const;

/** A time that somebody set, in words: `10 minutes`, `1 day`; as a duration where no unit fits it whole. */
export function formatSpan(seconds: number, language: Language): string {
  const fitting = SPANS.find(([, size]) => seconds >= size && seconds % size === 0);
  if (!fitting) return formatDuration(seconds, language);
  const [unit, size] = fitting;
  const format = new Intl.NumberFormat(language === 'zh' ? 'zh-CN' : 'en-US', {
    style: 'unit',
    unit,
    unitDisplay: 'long',
  });
  return spaced(format.format(seconds / size));
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
];

/** `5 minutes ago`; within a minute `now`. */
export function formatRelative(at: Date, now: Date, language: Language): string {
  const seconds = (at.getTime() - now.getTime()) / 1000;
  const format = new Intl.RelativeTimeFormat(language === 'zh' ? 'zh-CN' : 'en', {
    numeric: 'auto',
    style: 'short',
  });
  for (const [unit, size] of STEPS)
    if (Math.abs(seconds) >= size) return spaced(format.format(Math.trunc(seconds / size), unit));
  return format.format(0, 'second');
}

/** Date and time to the second in the reader's zone, with the zone's name. */
export function formatAbsolute(at: Date, language: Language): string {
  return new Intl.DateTimeFormat(language === 'zh' ? 'zh-CN' : 'en-GB', {
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'short',
  }).format(at);
}

/** The day in the reader's zone, for what lies so far ahead that `in 4 weeks` says too little. */
export function formatDay(at: Date, language: Language): string {
  return new Intl.DateTimeFormat(language === 'zh' ? 'zh-CN' : 'en-GB', { dateStyle: 'medium' }).format(at);
}

/**
 * The value with its sentences in a language. The server gives the Chinese of `reason` as `reason_zh` beside it, empty
 * where it knows none, as in what a program wrote.
 */
export function inLanguage<T extends object>(value: T, language: Language): T {
  if (language !== 'zh') return value;
  const chinese = Object.entries(value).filter(([name, text]) => name.endsWith('_zh') && text);
  if (chinese.length === 0) return value;
  return { ...value, ...Object.fromEntries(chinese.map(([name, text]) => [name.slice(0, -3), text])) };
}

export interface Formats {
  language: Language;
  bytes: (bytes: number) => string;
  count: (count: number) => string;
  compact: (count: number) => string;
  metric: (value: number) => string;
  share: (share: number, digits?: number) => string;
  duration: (seconds: number) => string;
  span: (seconds: number) => string;
  relative: (at: string | Date) => string;
  absolute: (at: string | Date) => string;
  day: (at: string | Date) => string;
  /** The text in the reader's language of a value that carries several, as in an algorithm's title. */
  localized: (texts: Record<string, string>) => string;
  /** What the server says (`reason`, `why`, `fix`) in the reader's language: see `inLanguage`. */
  worded: <T extends object>(value: T) => T;
}

/** Formats in the language in use. */
export function useFormat(): Formats {
  const { i18n } = useTranslation();
  const language: Language = i18n.language === 'zh' ? 'zh' : 'en';
  return useMemo(
    () => ({
      language,
      bytes: formatBytes,
      count: formatCount,
      compact: (count) => formatCompact(count, language),
      metric: formatMetric,
      share: formatShare,
      duration: (seconds) => formatDuration(seconds, language),
      span: (seconds) => formatSpan(seconds, language),
      relative: (at) => formatRelative(new Date(at), new Date(), language),
      absolute: (at) => formatAbsolute(new Date(at), language),
      day: (at) => formatDay(new Date(at), language),
      localized: (texts) => texts[language] || texts.en || Object.values(texts)[0] || '',
      worded: (value) => inLanguage(value, language),
    }),
    [language],
  );
}
