import { FileText, type LucideIcon, Table2 } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { sampleImageUrl, spreadRows } from '@/api/thumbnails';
import { useFormat } from '@/i18n/format';
import { Badge } from '@/ui/Badge';
import { cx } from '@/ui/cx';
import { AppLink, projectPath } from '@/ui/routing';
import { Thumb } from '@/ui/Thumb';
import { Time } from '@/ui/Time';
import type { Dataset } from '../api';

/** Of kinds whose samples are no pictures. */
const ICONS: Record<string, LucideIcon> = { text: FileText, tabular: Table2 };

function Cover({ kind }: { kind: string }) {
  const Icon = ICONS[kind] as LucideIcon;
  return (
    <div className="grid h-[152px] place-items-center border-b border-line bg-sunken text-fg-3">
      <Icon aria-hidden className="size-10" strokeWidth={1.25} />
    </div>
  );
}

/** Samples from all over it: four, or eight of tiny ones, whose places are nearly square so that nothing is cut off. */
function Mosaic({ project, version }: { project: string; version: Dataset['latest'] }) {
  const isTiny = version.size_bytes < version.num_samples * 1024;
  return (
    <div
      className={cx(
        'grid h-[152px] grid-rows-2 gap-px overflow-hidden border-b border-line bg-line',
        isTiny ? 'grid-cols-4' : 'grid-cols-2',
      )}
    >
      {spreadRows(version.num_samples, isTiny ? 8 : 4).map((row) => (
        <Thumb
          key={row}
          src={sampleImageUrl(project, version, row, isTiny ? 160 : 400)}
          className="size-full min-h-0"
          isPixelated={isTiny}
        />
      ))}
    </div>
  );
}

/** A dataset at a glance: some of its samples, what it is, how large. */
export function DatasetCard({ dataset, project }: { dataset: Dataset; project: string }) {
  const { t } = useTranslation('datasets');
  const { compact, bytes } = useFormat();
  const { latest } = dataset;
  return (
    <AppLink
      href={projectPath(project, 'datasets', dataset.name)}
      className="group overflow-hidden rounded-lg border border-line bg-surface transition-colors duration-100 hover:border-line-strong"
    >
      {latest.kind in ICONS ? <Cover kind={latest.kind} /> : <Mosaic project={project} version={latest} />}
      <div className="space-y-2 px-4 py-3">
        <div className="flex items-center gap-2">
          <h2 className="min-w-0 flex-1 truncate text-14 font-semibold">{dataset.name}</h2>
          <Badge tone="dataset">{t(`kind.${latest.kind}`, { defaultValue: latest.kind })}</Badge>
        </div>
        <p className="flex gap-2 text-12 text-fg-3">
          <span>{t('samples', { count: latest.num_samples, shown: compact(latest.num_samples) })}</span>
          {latest.num_classes > 0 && <span>· {t('classes', { count: latest.num_classes })}</span>}
          <span>· {bytes(latest.size_bytes)}</span>
        </p>
        <p className="flex justify-between text-12 text-fg-3">
          <span>
            v{latest.version} · {latest.created_by}
          </span>
          <Time at={latest.created_at} />
        </p>
      </div>
    </AppLink>
  );
}
