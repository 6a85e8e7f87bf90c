import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { ErrorState } from '@/ui/ErrorState';
import { KeyValue } from '@/ui/KeyValue';
import { Panel } from '@/ui/Panel';
import { SkeletonRows } from '@/ui/Skeleton';
import { PartsBar, partColour } from '@/viz/Parts';
import { type DatasetVersion, type Range, type Statistics, statisticsQuery } from '../api';
import { ClassTable } from './ClassTable';

/** What a version amounts to: classes by split, sizes of images and objects. */
export default function StatisticsTab({ project, version }: { project: string; version: DatasetVersion }) {
  const { t } = useTranslation('datasets');
  const statistics = useQuery(statisticsQuery(project, version.name, version.version));
  if (statistics.isPending) return <SkeletonRows className="p-6" />;
  if (statistics.isError)
    return <ErrorState error={statistics.error} onRetry={() => void statistics.refetch()} />;
  const { data } = statistics;
  return (
    <div className="grid max-w-[1280px] grid-cols-[minmax(0,2fr)_minmax(300px,1fr)] items-start gap-4 p-6">
      <Panel title={t('classesTitle')}>
        {data.classes && data.classes.length > 0 ? (
          <ClassTable project={project} version={version} statistics={data} />
        ) : (
          <p className="p-4 text-fg-2">{t('noLabels')}</p>
        )}
      </Panel>
      <div className="space-y-4">
        <Splits splits={data.splits} />
        <Images statistics={data} />
        <Objects statistics={data} />
      </div>
    </div>
  );
}

function Splits({ splits }: { splits: Record<string, number> }) {
  const { t } = useTranslation('datasets');
  const { count, share } = useFormat();
  const parts = Object.entries(splits).map(([id, number]) => ({ id, count: number }));
  const total = parts.reduce((sum, part) => sum + part.count, 0);
  return (
    <Panel title={t('splits')}>
      <div className="space-y-3 p-4">
        {parts.length === 0 ? (
          <p className="text-fg-2">{t('noSplits')}</p>
        ) : (
          <>
            <PartsBar parts={parts} label={t('splits')} />
            <ul className="space-y-1">
              {parts.map((part, index) => (
                <li key={part.id} className="flex items-center gap-2">
                  <span style={{ backgroundColor: partColour(index) }} className="size-2 rounded-full" />
                  <span className="flex-1">{part.id}</span>
                  <span className="text-12 text-fg-3">{share(part.count / total)}</span>
                  <span className="w-16 text-right">{count(part.count)}</span>
                </li>
              ))}
            </ul>
          </>
        )}
      </div>
    </Panel>
  );
}

function Images({ statistics }: { statistics: Statistics }) {
  const { t } = useTranslation('datasets');
  const { bytes, count } = useFormat();
  const { images } = statistics;
  if (images === undefined) return null;
  return (
    <Panel title={t('images')}>
      <div className="p-4">
        <KeyValue
          facts={[
            { label: t('width'), value: <Spread range={images.width} unit=" px" /> },
            { label: t('height'), value: <Spread range={images.height} unit=" px" /> },
            { label: t('size'), value: <Spread range={images.bytes} format={bytes} /> },
            {
              label: t('channels'),
              value: Object.entries(images.channels)
                .map(([channels, number]) => t('channelsOf', { channels, images: count(number) }))
                .join(', '),
            },
          ]}
        />
      </div>
    </Panel>
  );
}

function Objects({ statistics }: { statistics: Statistics }) {
  const { t } = useTranslation('datasets');
  const { count } = useFormat();
  const { boxes } = statistics;
  if (boxes === undefined) return null;
  const sizes = [
    { id: 'small', count: boxes.num_small },
    { id: 'medium', count: boxes.num_medium },
    { id: 'large', count: boxes.num_large },
  ];
  return (
    <Panel title={t('objects')} aside={count(boxes.num_boxes)}>
      <div className="space-y-3 p-4">
        <KeyValue
          facts={[
            { label: t('perImage'), value: <Spread range={boxes.per_sample} /> },
            { label: t('withoutObjects'), value: count(boxes.num_samples_without) },
          ]}
        />
        <PartsBar parts={sizes} label={t('objectSizes')} />
        <ul className="space-y-1">
          {sizes.map((size, index) => (
            <li key={size.id} className="flex items-center gap-2">
              <span style={{ backgroundColor: partColour(index) }} className="size-2 rounded-full" />
              <span className="flex-1">{t(`objectSize.${size.id}`)}</span>
              <span>{count(size.count)}</span>
            </li>
          ))}
        </ul>
      </div>
    </Panel>
  );
}

interface SpreadProps {
  range: Range;
  unit?: string;
  format?: (value: number) => string;
}

/** Smallest, middle and largest in one line. */
function Spread({
  range,
  unit = '',
  format = (value) => `${Math.round(value * 10) / 10}${unit}`,
}: SpreadProps) {
  const { t } = useTranslation('datasets');
  if (range.min === range.max) return <span>{format(range.min)}</span>;
  return (
    <span>
      {format(range.min)} – {format(range.max)}
      <span className="text-fg-3"> · {t('median', { value: format(range.median) })}</span>
    </span>
  );
}
