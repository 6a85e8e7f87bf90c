import { Check, Copy, X } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { later } from '@/i18n';
import { useFormat } from '@/i18n/format';
import { Button } from '@/ui/Button';
import { copyText } from '@/ui/CodeBlock';
import { IconButton } from '@/ui/IconButton';
import { toast } from '@/ui/Toast';
import { MOST_PICKED } from './picks';
import type { SamplePages } from './samplePages';
import type { Picking } from './usePicks';
import type { Review } from './useReview';

interface BulkBarProps {
  picking: Picking;
  pages: SamplePages;
  /** Where what a model says about them can be accepted. */
  review: Review | null;
}

/** How many samples are selected and what can be done with them. */
export default function BulkBar({ picking, pages, review }: BulkBarProps) {
  const { t } = useTranslation('datasets');
  const { count } = useFormat();
  const { keys, numLeftOut } = picking.picks;
  const total = pages.total ?? 0;
  const copy = async () => {
    await copyText([...keys].join('\n'));
    toast({
      tone: 'ok',
      title: later('datasets', 'picks.copied', { count: keys.size, shown: count(keys.size) }),
    });
  };
  return (
    <section
      aria-label={t('picks.title')}
      className="flex min-h-11 shrink-0 flex-wrap items-center gap-x-3 gap-y-1 border-t border-line bg-surface px-4 py-1.5"
    >
      <p role="status" className="text-13 whitespace-nowrap">
        <span className="font-semibold">
          {t('picks.count', { count: keys.size, shown: count(keys.size) })}
        </span>
        {numLeftOut > 0 && (
          <span className="ml-2 text-12 text-warning">
            {t('picks.leftOut', {
              count: numLeftOut,
              shown: count(numLeftOut),
              most: count(MOST_PICKED),
            })}
          </span>
        )}
      </p>
      {keys.size < Math.min(total, MOST_PICKED) && (
        <Button size="small" variant="quiet" onPress={picking.pickAll}>
          {t('picks.all', { count: total, shown: count(total) })}
        </Button>
      )}
      <div className="flex-1" />
      {review?.obstacle === null && (
        <>
          <Button size="small" variant="quiet" onPress={() => review.decide([...keys], 'accepted')}>
            <Check aria-hidden className="text-ok" />
            {t('review.accepted')}
          </Button>
          <Button size="small" variant="quiet" onPress={() => review.decide([...keys], 'rejected')}>
            <X aria-hidden className="text-failed" />
            {t('review.rejected')}
          </Button>
        </>
      )}
      <Button size="small" variant="quiet" onPress={() => void copy()}>
        <Copy aria-hidden />
        {t('picks.copy')}
      </Button>
      <IconButton size="small" icon={X} label={t('picks.clear')} keys="Esc" onPress={picking.clear} />
    </section>
  );
}
