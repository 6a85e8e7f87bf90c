import { ArrowRight } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { type Tone, toneColor } from '@/ui/Badge';
import { AppLink, projectPath } from '@/ui/routing';
import type { ModelVersion } from './api';
import { algorithmName } from './model';

/** From the data through the training to who serves it; each word leads there. */
export function Lineage({ project, version }: { project: string; version: ModelVersion }) {
  const { t } = useTranslation('models');
  const { datasets, endpoints, source_run_id: run } = version;
  return (
    <div className="flex flex-wrap items-stretch gap-2 p-4">
      <Column title={t('madeFrom')} tone="dataset">
        {datasets.length === 0 && <span className="text-fg-3">{t('unpublishedData')}</span>}
        {datasets.map((dataset) => {
          const [name = dataset, number] = dataset.split('@');
          return (
            <Word key={dataset} href={`${projectPath(project, 'datasets', name)}?v=${number ?? ''}`}>
              {dataset}
            </Word>
          );
        })}
      </Column>
      <Arrow />
      <Column title={t('trainedBy')} tone="train">
        <Word href={projectPath(project, 'algorithms', algorithmName(version.algorithm))}>
          {version.algorithm}
        </Word>
        {run !== null && <Word href={projectPath(project, 'runs', run)}>{t('run', { id: run })}</Word>}
      </Column>
      <Arrow />
      <Column title={t('thisModel')} tone="model">
        <span className="font-medium">{`${version.name}@${version.version}`}</span>
      </Column>
      <Arrow />
      <Column title={t('servedBy')} tone="serve">
        {endpoints.length === 0 && <span className="text-fg-3">{t('notServed')}</span>}
        {endpoints.map((endpoint) => (
          <Word key={endpoint} href={projectPath(project, 'endpoints', endpoint)}>
            {endpoint}
          </Word>
        ))}
      </Column>
    </div>
  );
}

function Column({ title, tone, children }: { title: string; tone: Tone; children: ReactNode }) {
  return (
    <div
      style={{ borderColor: toneColor(tone) }}
      className="min-w-32 flex-1 rounded-sm border-l-2 bg-bg px-3 py-2"
    >
      <p className="mb-1 text-11 font-medium text-fg-3">{title}</p>
      <div className="flex flex-col items-start gap-0.5">{children}</div>
    </div>
  );
}

function Word({ href, children }: { href: string; children: ReactNode }) {
  return (
    <AppLink href={href} className="font-medium break-all hover:text-accent hover:underline">
      {children}
    </AppLink>
  );
}

function Arrow() {
  return <ArrowRight aria-hidden className="size-4 self-center text-fg-3" />;
}
