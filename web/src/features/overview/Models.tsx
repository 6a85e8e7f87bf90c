import { useTranslation } from 'react-i18next';
import type { Schemas } from '@/api/client';
import { Metric } from '@/ui/Metric';
import { MetricName } from '@/ui/MetricName';
import { Panel } from '@/ui/Panel';
import { AppLink, projectPath } from '@/ui/routing';
import { Time } from '@/ui/Time';

/** The newest models with what their training reported first. */
export function Models({ project, models }: { project: string; models: Schemas['ModelOut'][] }) {
  const { t } = useTranslation('overview');
  return (
    <Panel
      title={t('nav.models')}
      aside={
        <AppLink href={projectPath(project, 'models')} className="text-fg-2 hover:text-fg">
          {t('all')}
        </AppLink>
      }
    >
      {models.length === 0 && <p className="p-4 text-fg-2">{t('noModels')}</p>}
      <ul className="divide-y divide-line">
        {models.map(({ name, latest }) => {
          const first = Object.entries(latest.metrics)[0];
          return (
            <li key={name}>
              <AppLink
                href={projectPath(project, 'models', name)}
                className="flex items-center gap-2 px-4 py-2.5 hover:bg-sunken"
              >
                <span className="min-w-0 flex-1">
                  <span className="block truncate font-medium">
                    {name} <span className="font-normal text-fg-3">v{latest.version}</span>
                  </span>
                  <span className="block truncate text-12 text-fg-3">
                    {latest.algorithm} · <Time at={latest.created_at} />
                  </span>
                </span>
                {first && (
                  <span className="text-right">
                    <span className="block font-medium">
                      <Metric name={first[0]} value={first[1]} />
                    </span>
                    <MetricName name={first[0]} className="block text-11 text-fg-3" />
                  </span>
                )}
              </AppLink>
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}
