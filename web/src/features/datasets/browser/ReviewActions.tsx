import { Check, X } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { Button } from '@/ui/Button';
import { SectionTitle } from '@/ui/Panel';
import { AppLink, projectPath } from '@/ui/routing';
import { Tooltip } from '@/ui/Tooltip';
import type { DatasetVersion, Sample } from '../api';
import { type Verdict, verdictOf } from './decisions';
import { ScoreSlider } from './Sliders';
import type { Review } from './useReview';

interface ReviewActionsProps {
  project: string;
  version: DatasetVersion;
  sample: Sample;
  review: Review;
  /** Whether the score from which objects count is to be set here. */
  hasScore: boolean;
}

/** Accepts or rejects what a model says about one sample, or says what was decided and why nothing can be. */
export function ReviewActions({ project, version, sample, review, hasScore }: ReviewActionsProps) {
  const { t } = useTranslation('datasets');
  const { worded } = useFormat();
  const found = verdictOf(review.decisions, sample);
  return (
    <section>
      <SectionTitle>{t('review.title')}</SectionTitle>
      {review.obstacle === null && (
        <div className="grid grid-cols-2 gap-2">
          {(['accepted', 'rejected'] as const).map((verdict) => (
            <Decide
              key={verdict}
              verdict={verdict}
              isOn={found?.verdict === verdict && !found.isSaved}
              onPress={() => review.decide([sample.key], verdict)}
            />
          ))}
        </div>
      )}
      {hasScore && review.obstacle === null && (
        <div className="mt-2">
          <ScoreSlider value={review.decisions.minScore} onChange={review.setMinScore} />
        </div>
      )}
      <p className="mt-2 text-12 text-fg-2" role="status">
        {found?.isSaved && t(`review.by.${found.verdict}`, { user: sample.verdict_by ?? '' })}
        {found?.isSaved === false && t(`review.willBe.${found.verdict}`)}
        {found === null && review.obstacle === null && t('review.nothing')}
      </p>
      {review.obstacle === 'role' && <p className="mt-1 text-12 text-fg-2">{t('review.notAllowed')}</p>}
      {review.obstacle === 'version' && (
        <p className="mt-1 text-12 text-fg-2">
          {t('review.notNewest')}{' '}
          <AppLink
            href={projectPath(project, 'datasets', version.name)}
            className="text-accent hover:underline"
          >
            {t('review.openNewest')}
          </AppLink>
        </p>
      )}
      {review.obstacle === 'layer' && (
        <>
          <p className="mt-1 text-12 text-fg-2">{t('review.notFitting')}</p>
          <p className="mt-1 text-12 break-words text-fg-3">{worded(review.layer).not_reviewable}</p>
        </>
      )}
    </section>
  );
}

const LOOKS = {
  accepted: { icon: Check, keys: 'a', on: 'border-ok text-ok' },
  rejected: { icon: X, keys: 'r', on: 'border-failed text-failed' },
};

function Decide({ verdict, isOn, onPress }: { verdict: Verdict; isOn: boolean; onPress: () => void }) {
  const { t } = useTranslation('datasets');
  const { icon: Icon, keys, on } = LOOKS[verdict];
  return (
    <Tooltip text={t(`review.${verdict}`)} keys={keys}>
      <Button size="small" aria-pressed={isOn} onPress={onPress} className={isOn ? on : undefined}>
        <Icon aria-hidden />
        {t(`review.${verdict}`)}
      </Button>
    </Tooltip>
  );
}
