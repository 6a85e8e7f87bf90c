import i18next from 'i18next';
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { toProblem } from '@/api/problem';
import { inLanguage } from '@/i18n/format';

/** What an error says, and what to do about it, in a language: one line of text. */
export function told(error: unknown, language: string): string {
  const problem = inLanguage(toProblem(error), language === 'zh' ? 'zh' : 'en');
  if (problem.code === 'unreachable') return i18next.t('error.unreachable');
  return [problem.detail, problem.hint].filter(Boolean).join(language === 'zh' ? '' : ' ');
}

/** `told` in the reader's language. */
export function useTold(): (error: unknown) => string {
  const { i18n } = useTranslation();
  return useCallback((error) => told(error, i18n.language), [i18n.language]);
}
