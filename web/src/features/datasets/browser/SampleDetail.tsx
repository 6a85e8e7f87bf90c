import { useQuery } from '@tanstack/react-query';
import { ChevronLeft, ChevronRight, X } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { cx } from '@/ui/cx';
import { ErrorState } from '@/ui/ErrorState';
import { IconButton } from '@/ui/IconButton';
import { Skeleton } from '@/ui/Skeleton';
import { type DatasetVersion, type Sample, sampleQuery } from '../api';
import { isLabelled } from '../sample';
import { SampleFacts } from './SampleFacts';
import type { Review } from './useReview';
import type { DrawnView } from './view';

interface SampleDetailProps {
  project: string;
  version: DatasetVersion;
  row: number;
  /** The sample in short when the grid has it already. */
  known: Sample | undefined;
  predictions: string | null;
  view: DrawnView;
  review: Review | null;
  onOpacity: (opacity: number) => void;
  onToggleClass: (classId: number) => void;
  onMove: (step: number) => void;
  onClose: () => void;
}

/** The chosen sample: large, with its objects and what is known of it. */
export default function SampleDetail(props: SampleDetailProps) {
  const { project, version, row, known, predictions, view, review, onMove, onClose } = props;
  const { t } = useTranslation('datasets');
  const { count } = useFormat();
  const { name, version: number } = version;
  const fetched = useQuery(sampleQuery(project, { name, version: number, predictions }, row));
  const sample = fetched.data ?? known;
  const isCompared =
    sample?.predicted != null && view.shows === 'both' && isLabelled(version, sample, review?.layer);
  return (
    <aside
      aria-label={t('sample', { row: count(row) })}
      className={cx(
        'flex w-[356px] shrink-0 flex-col border-l border-line bg-surface',
        isCompared && 'min-[1440px]:w-[560px]',
      )}
    >
      <header className="flex h-10 shrink-0 items-center gap-1 border-b border-line pr-2 pl-4">
        <h2 className="min-w-0 flex-1 truncate font-semibold">{t('sample', { row: count(row) })}</h2>
        <IconButton
          size="small"
          icon={ChevronLeft}
          label={t('previous')}
          keys="k"
          onPress={() => onMove(-1)}
        />
        <IconButton size="small" icon={ChevronRight} label={t('next')} keys="j" onPress={() => onMove(1)} />
        <IconButton size="small" icon={X} label={t('close')} keys="Esc" onPress={onClose} />
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard scrolls it */}
      <div tabIndex={0} className="relative min-h-0 flex-1 overflow-auto p-4 outline-none">
        {sample ? (
          <SampleFacts
            key={sample.row}
            project={project}
            version={version}
            sample={sample}
            view={view}
            review={review}
            onOpacity={props.onOpacity}
            onToggleClass={props.onToggleClass}
          />
        ) : fetched.isError ? (
          <ErrorState isInline error={fetched.error} onRetry={() => void fetched.refetch()} />
        ) : (
          <Skeleton className="aspect-video" />
        )}
      </div>
    </aside>
  );
}
