import { Eye } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Badge } from '@/ui/Badge';
import { Hint } from '@/ui/Tooltip';

/** Stands where buttons would be for somebody who may look only, and says who can change that. */
export function ReadOnly() {
  const { t } = useTranslation('datasets');
  return (
    <Hint text={t('readOnlyWhy')}>
      <Badge icon={<Eye aria-hidden />}>{t('readOnly')}</Badge>
    </Hint>
  );
}
