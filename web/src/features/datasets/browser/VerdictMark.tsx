import { Check, X } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { cx } from '@/ui/cx';
import type { Verdict } from './decisions';

/** What was decided about a model's answer, over its picture: full once it is saved, a ring before. */
export function VerdictMark({ verdict, isSaved }: { verdict: Verdict; isSaved: boolean }) {
  const { t } = useTranslation('datasets');
  const Icon = verdict === 'accepted' ? Check : X;
  const colour = verdict === 'accepted' ? '#8df0b0' : '#ff9b9b';
  return (
    <span
      role="img"
      aria-label={t(`review.${isSaved ? 'saved' : 'pending'}.${verdict}`)}
      style={isSaved ? { backgroundColor: colour, color: '#10131a' } : { borderColor: colour, color: colour }}
      className={cx(
        'pointer-events-none absolute top-1.5 right-1.5 grid size-4.5 place-items-center rounded-full',
        !isSaved && 'border-2 bg-[#10131acc]',
      )}
    >
      <Icon aria-hidden className="size-3" strokeWidth={3} />
    </span>
  );
}
