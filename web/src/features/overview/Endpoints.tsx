import { useTranslation } from 'react-i18next';
import type { Schemas } from '@/api/client';
import { useFormat } from '@/i18n/format';
import { Panel } from '@/ui/Panel';
import { AppLink, projectPath } from '@/ui/routing';
import { StateChip } from '@/ui/StateChip';

/** What answers requests, and how fast. */
export function Endpoints({ project, endpoints }: { project: string; endpoints: Schemas['EndpointOut'][] }) {
  const { t } = useTranslation('overview');
  const { metric } = useFormat();
  return (
    <Panel title={t('nav.endpoints')} aside={endpoints.length > 0 ? String(endpoints.length) : undefined}>
      {endpoints.length === 0 && <p className="p-4 text-fg-2">{t('noEndpoints')}</p>}
      <ul className="divide-y divide-line">
        {endpoints.map((endpoint) => (
          <li key={endpoint.name}>
            <AppLink
              href={projectPath(project, 'endpoints', endpoint.name)}
              className="flex items-center gap-2 px-4 py-2.5 hover:bg-sunken"
            >
              <span className="min-w-0 flex-1">
                <span className="block truncate font-medium">{endpoint.name}</span>
                <span className="block truncate text-12 text-fg-3">
                  {endpoint.model?.name && `${endpoint.model.name}@${endpoint.model.version}`}
                  {endpoint.traffic.p50_ms !== null && ` · p50 ${metric(endpoint.traffic.p50_ms)} ms`}
                </span>
              </span>
              <StateChip state={endpoint.state} />
            </AppLink>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
