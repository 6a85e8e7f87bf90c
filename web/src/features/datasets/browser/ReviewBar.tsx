import { Check, X } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { Button } from '@/ui/Button';
import type { DatasetVersion } from '../api';
import { keysOf } from './decisions';
import type { Review } from './useReview';

const SaveReview = lazy(() => import('./SaveReview'));

interface ReviewBarProps {
  project: string;
  version: DatasetVersion;
  review: Review;
  onSaved: () => void;
}

/** What was decided and waits to become the next version. */
export default function ReviewBar({ project, version, review, onSaved }: ReviewBarProps) {
  const { t } = useTranslation('datasets');
  const { count } = useFormat();
  const [isSaving, setSaving] = useState(false);
  const { accept, reject } = keysOf(review.decisions);
  return (
    <section
      aria-label={t('review.waiting')}
      className="flex min-h-11 shrink-0 flex-wrap items-center gap-x-3 gap-y-1 border-t border-line bg-surface px-4 py-1.5"
    >
      <p role="status" className="flex gap-3 text-13 whitespace-nowrap [&_svg]:size-4">
        {accept.length > 0 && (
          <span className="flex items-center gap-1">
            <Check aria-hidden className="text-ok" />
            {t('review.toAccept', { count: accept.length, shown: count(accept.length) })}
          </span>
        )}
        {reject.length > 0 && (
          <span className="flex items-center gap-1">
            <X aria-hidden className="text-failed" />
            {t('review.toReject', { count: reject.length, shown: count(reject.length) })}
          </span>
        )}
        <span className="text-fg-3">
          {t(review.obstacle === 'role' ? 'review.notAllowed' : 'review.notSaved')}
        </span>
      </p>
      <div className="flex-1" />
      <Button size="small" variant="quiet" onPress={review.discard}>
        {t('review.discard')}
      </Button>
      <Button
        size="small"
        variant="primary"
        isDisabled={review.obstacle !== null}
        onPress={() => setSaving(true)}
      >
        {t('review.save')}
      </Button>
      {isSaving && (
        <Suspense>
          <SaveReview
            project={project}
            version={version}
            review={review}
            onClose={() => setSaving(false)}
            onSaved={onSaved}
          />
        </Suspense>
      )}
    </section>
  );
}
