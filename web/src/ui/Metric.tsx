import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { metricUnit } from './metricUnit';

/** A metric's value in its unit: `99.4 %`, `1.00 ms`, `690 KB`. */
export function Metric({ name, value }: { name: string; value: number }) {
  const { t } = useTranslation();
  const { share, bytes, metric } = useFormat();
  const unit = metricUnit(name, value);
  if (unit === 'share') return <span title={String(value)}>{share(value, 2)}</span>;
  if (unit === 'milliseconds') return <span title={String(value)}>{`${metric(value)} ms`}</span>;
  if (unit === 'bytes') return <span title={String(value)}>{bytes(value)}</span>;
  return (
    <span title={String(value)}>
      {unit === 'perSecond' ? t('perSecond', { number: metric(value) }) : metric(value)}
    </span>
  );
}
