import { useTranslation } from 'react-i18next';
import type { Schemas } from '@/api/client';
import { useMayChange } from '@/api/projects';
import { sampleImageUrl, spreadRows } from '@/api/thumbnails';
import { useFormat } from '@/i18n/format';
import { Badge } from '@/ui/Badge';
import { LinkButton } from '@/ui/Button';
import { Panel } from '@/ui/Panel';
import { AppLink, projectPath } from '@/ui/routing';
import { Thumb } from '@/ui/Thumb';

/** The newest datasets, each as a strip of its samples. */
export function Datasets({ project, datasets }: { project: string; datasets: Schemas['DatasetOut'][] }) {
  const { t } = useTranslation('overview');
  const { compact } = useFormat();
  const mayChange = useMayChange(project);
  const list = projectPath(project, 'datasets');
  return (
    <Panel
      title={t('nav.datasets')}
      aside={
        <AppLink href={list} className="text-fg-2 hover:text-fg">
          {t('all')}
        </AppLink>
      }
    >
      {datasets.length === 0 && (
        <div className="p-4">
          {mayChange ? (
            <LinkButton href={`${list}?import=1`}>{t('importData')}</LinkButton>
          ) : (
            <p className="text-fg-2">{t('noDatasets')}</p>
          )}
        </div>
      )}
      <ul className="divide-y divide-line">
        {datasets.map(({ name, latest }) => (
          <li key={name}>
            <AppLink
              href={projectPath(project, 'datasets', name)}
              className="block px-4 py-3 hover:bg-sunken"
            >
              <span className="mb-2 flex items-center gap-2">
                <span className="font-medium">{name}</span>
                <Badge tone="dataset">{t(`kind.${latest.kind}`, { defaultValue: latest.kind })}</Badge>
                <span className="text-12 text-fg-3">
                  v{latest.version} ·{' '}
                  {t('samples', { count: latest.num_samples, shown: compact(latest.num_samples) })}
                </span>
              </span>
              <span className="flex h-14 gap-1 overflow-hidden">
                {spreadRows(latest.num_samples, 16).map((row) => (
                  <Thumb
                    key={row}
                    src={sampleImageUrl(project, latest, row, 160)}
                    isPixelated={latest.size_bytes < latest.num_samples * 1024}
                    isWhole={latest.size_bytes < latest.num_samples * 1024}
                    className="h-14 min-w-14 flex-1 rounded-sm"
                  />
                ))}
              </span>
            </AppLink>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
