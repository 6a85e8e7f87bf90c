import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { Elapsed, useNow } from '@/ui/Time';
import { timeLeft_s } from './graph/curves';

/** How long a step will still take; how long it has gone on where that is not known. */
export function TimeLeft({ since, progress }: { since: string; progress: number | null }) {
  const { t } = useTranslation();
  const { duration } = useFormat();
  const now = useNow(1000);
  const left_s = progress === null ? null : timeLeft_s(since, progress, now);
  if (left_s === null) return <Elapsed since={since} />;
  return t('timeLeft', { time: duration(Math.max(1, Math.round(left_s))) });
}
