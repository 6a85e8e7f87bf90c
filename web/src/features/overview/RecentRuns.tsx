import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { Panel } from '@/ui/Panel';
import { AppLink, projectPath } from '@/ui/routing';
import { StateIcon } from '@/ui/StateChip';
import { Time } from '@/ui/Time';
import type { Run } from './api';

/** The last runs that are over. */
export function RecentRuns({ project, runs }: { project: string; runs: Run[] }) {
  const { t } = useTranslation('overview');
  const { duration, worded } = useFormat();
  if (runs.length === 0) return null;
  return (
    <Panel
      title={t('recentRuns')}
      aside={
        <AppLink href={projectPath(project, 'runs')} className="text-fg-2 hover:text-fg">
          {t('all')}
        </AppLink>
      }
    >
      <ul className="divide-y divide-line">
        {runs.map(worded).map((run) => (
          <li key={run.id}>
            <AppLink
              href={projectPath(project, 'runs', run.id)}
              className="flex h-10 items-center gap-2.5 px-4 hover:bg-sunken"
            >
              <StateIcon state={run.state} />
              <span
                translate="no"
                className="max-w-[60%] shrink-0 truncate font-medium"
                title={run.name}
              >{`#${run.id} ${run.name}`}</span>
              <span className="flex-1 truncate text-12 text-fg-3">
                {run.reason || run.pipeline || run.template}
              </span>
              {run.duration_s !== null && (
                <span className="shrink-0 text-12 text-fg-2">{duration(run.duration_s)}</span>
              )}
              <Time at={run.created_at} className="w-24 shrink-0 text-right text-12 text-fg-3" />
            </AppLink>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
