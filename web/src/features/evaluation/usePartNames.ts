import { useTranslation } from 'react-i18next';

const FIELD = 'field:';

/** How ways to divide a report, and its parts, are called. */
export function usePartNames() {
  const { t } = useTranslation('evaluation');
  return {
    divisionName: (by: string) => (by.startsWith(FIELD) ? by.slice(FIELD.length) : t(`slices.by.${by}`)),
    partName: (by: string, value: string | null | undefined) => {
      if (value === null || value === undefined) return t('slices.noValue');
      return by === 'object_size' ? t(`slices.size.${value}`) : value;
    },
  };
}
