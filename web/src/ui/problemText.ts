import i18next from 'i18next';
import { useTranslation } from 'react-i18next';
import { toProblem } from '@/api/problem';
import { inLanguage } from '@/i18n/format';

/** What failed and what to do about it, in the language in use. */
export function problemText(error: unknown): string {
  const problem = toProblem(error);
  if (problem.code === 'unreachable') return i18next.t('error.unreachable', { ns: 'common' });
  const { detail, hint } = inLanguage(problem, i18next.language === 'zh' ? 'zh' : 'en');
  return [detail, hint].filter(Boolean).join(' ');
}

/** The text of an error, anew when the language changes; empty without one. */
export function useProblemText(error: unknown): string {
  useTranslation();
  return error ? problemText(error) : '';
}
