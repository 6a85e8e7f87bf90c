import { useQuery } from '@tanstack/react-query';
import { ChevronLeft, ChevronRight, X } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { CopyButton } from '@/ui/CodeBlock';
import { ErrorState } from '@/ui/ErrorState';
import { IconButton } from '@/ui/IconButton';
import { KeyValue } from '@/ui/KeyValue';
import { SectionTitle } from '@/ui/Panel';
import { Skeleton } from '@/ui/Skeleton';
import { classColour } from '@/viz/palette';
import { type DatasetVersion, fetchSamples, type Sample } from '../api';
import { cursorAfterRow } from '../model';
import { isWrong } from '../sample';
import { LargeSample } from './LargeSample';

interface SampleDetailProps {
  project: string;
  version: DatasetVersion;
  row: number;
  /** The sample when the grid has it already. */
  known: Sample | undefined;
  onMove: (step: number) => void;
  onClose: () => void;
}

/** The chosen sample: large, with its objects and what is known of it. */
export function SampleDetail({ project, version, row, known, onMove, onClose }: SampleDetailProps) {
  const { t } = useTranslation('datasets');
  const { count } = useFormat();
  const fetched = useQuery({
    queryKey: ['dataset-sample', project, version.name, version.version, row],
    queryFn: async () => {
      const where = { cursor: cursorAfterRow(row - 1), limit: 1 };
      const page = await fetchSamples(project, version, { split: null, label: null }, where);
      return page.items[0] ?? null;
    },
    enabled: known === undefined,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const sample = known ?? fetched.data;
  return (
    <aside
      aria-label={t('sample', { row: count(row) })}
      className="flex w-[356px] shrink-0 flex-col border-l border-line bg-surface"
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
      <div className="min-h-0 flex-1 overflow-auto p-4">
        {fetched.isError && known === undefined ? (
          <ErrorState isInline error={fetched.error} onRetry={() => void fetched.refetch()} />
        ) : sample ? (
          <Facts key={sample.row} project={project} version={version} sample={sample} />
        ) : sample === null ? (
          <p className="text-fg-2">{t('noSuchSample')}</p>
        ) : (
          <Skeleton className="aspect-video" />
        )}
      </div>
    </aside>
  );
}

function Facts({ project, version, sample }: { project: string; version: DatasetVersion; sample: Sample }) {
  const { t } = useTranslation('datasets');
  const { share } = useFormat();
  const [hovered, setHovered] = useState<number | null>(null);
  const { prediction } = sample;
  return (
    <div className="space-y-5">
      <LargeSample
        project={project}
        version={version}
        sample={sample}
        hovered={hovered}
        onHover={setHovered}
      />
      {(sample.label !== null || prediction !== null) && (
        <KeyValue
          facts={[
            {
              label: t('label'),
              value: sample.label !== null && <Swatch classId={sample.class_id} text={sample.label} />,
            },
            {
              label: t('prediction'),
              value: prediction && (
                <span className={isWrong(sample) ? 'text-failed' : 'text-ok'}>
                  {prediction.label} · {share(prediction.score)}
                </span>
              ),
            },
          ].filter(({ value }) => value)}
        />
      )}
      {sample.boxes.length > 0 && <Objects sample={sample} hovered={hovered} onHover={setHovered} />}
      <section>
        <SectionTitle>{t('metadata')}</SectionTitle>
        <KeyValue
          labelWidth="72px"
          facts={[
            {
              label: t('key'),
              value: (
                <span className="flex items-start gap-1 font-mono text-12">
                  <span className="min-w-0 break-all">{sample.key}</span>
                  <span className="-my-1">
                    <CopyButton text={sample.key} />
                  </span>
                </span>
              ),
            },
            { label: t('split'), value: sample.split || t('none') },
            {
              label: t('pixels'),
              value: sample.width && (
                <span className="font-mono text-12">{`${sample.width} × ${sample.height}`}</span>
              ),
            },
            { label: t('row'), value: <span className="font-mono text-12">{sample.row}</span> },
          ]}
        />
      </section>
    </div>
  );
}

function Swatch({ classId, text }: { classId: number | null; text: string }) {
  return (
    <span className="inline-flex items-center gap-2 font-medium">
      <span style={{ backgroundColor: classColour(classId) }} className="size-2 rounded-[2px]" />
      {text}
    </span>
  );
}

interface ObjectsProps {
  sample: Sample;
  hovered: number | null;
  onHover: (index: number | null) => void;
}

function Objects({ sample, hovered, onHover }: ObjectsProps) {
  const { t } = useTranslation('datasets');
  return (
    <section>
      <SectionTitle aside={String(sample.boxes.length)}>{t('objects')}</SectionTitle>
      <ul onMouseLeave={() => onHover(null)}>
        {sample.boxes.map((box, index) => (
          <li
            // biome-ignore lint/suspicious/noArrayIndexKey: boxes have no other name, and never change
            key={index}
            onMouseEnter={() => onHover(index)}
            className={`flex h-7 items-center gap-2 rounded-sm px-1.5 ${hovered === index ? 'bg-sunken' : ''}`}
          >
            <Swatch classId={box.class_id} text={box.label} />
            <span className="flex-1" />
            {box.score !== null && <span className="text-12 text-fg-3">{box.score?.toFixed(2)}</span>}
            <span className="font-mono text-11 text-fg-3">
              {[box.x0, box.y0, box.x1 - box.x0, box.y1 - box.y0].map(Math.round).join(', ')}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
