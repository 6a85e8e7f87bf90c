import { CircleCheck, CircleDashed, CircleX } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { SectionTitle } from '@/ui/Panel';
import { IOU, type Matching } from './matching';
import { ScoreSlider } from './Sliders';

interface ComparisonProps {
  matching: Matching | null;
  /** Part of the labelled pixels that are answered right. */
  agreement: number | null;
  minScore: number;
  onMinScore: (score: number) => void;
}

/** How a model's answers stand to the labels of one sample. */
export function Comparison({ matching, agreement, minScore, onMinScore }: ComparisonProps) {
  const { t } = useTranslation('datasets');
  const { count, share } = useFormat();
  return (
    <section>
      <SectionTitle aside={matching && t('fromOverlap', { iou: IOU })}>{t('compared')}</SectionTitle>
      {matching && (
        <>
          <dl className="grid grid-cols-3 gap-2 text-12">
            <Count
              icon={<CircleCheck aria-hidden className="text-ok" />}
              name={t('matched')}
              value={count(matching.matched)}
            />
            <Count
              icon={<CircleDashed aria-hidden className="text-warning" />}
              name={t('missed')}
              value={count(matching.missed)}
            />
            <Count
              icon={<CircleX aria-hidden className="text-failed" />}
              name={t('wrong')}
              value={count(matching.wrong)}
            />
          </dl>
          <div className="mt-2">
            <ScoreSlider value={minScore} onChange={onMinScore} />
          </div>
        </>
      )}
      {agreement !== null && (
        <p className="text-13">
          {t('agreement')} <span className="font-semibold">{share(agreement)}</span>
        </p>
      )}
    </section>
  );
}

function Count({ icon, name, value }: { icon: React.ReactNode; name: string; value: string }) {
  return (
    <div className="rounded-md border border-line px-2 py-1.5">
      <dt className="flex items-center gap-1 text-fg-2 [&_svg]:size-3.5 [&_svg]:shrink-0">
        {icon}
        <span className="truncate">{name}</span>
      </dt>
      <dd className="mt-0.5 text-16 font-semibold">{value}</dd>
    </div>
  );
}
