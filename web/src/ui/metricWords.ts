import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';

/** A metric in the reader's words where KPL knows it, else by the name that its algorithm gave it. */
export function useMetricWords(): (name: string) => string {
  const { t } = useTranslation();
  return useCallback((name) => t(`metric.${name}`, { defaultValue: name }), [t]);
}
