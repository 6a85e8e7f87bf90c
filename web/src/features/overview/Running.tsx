import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { useMetricWords } from '@/ui/metricWords';
import { Panel } from '@/ui/Panel';
import { Progress } from '@/ui/Progress';
import { AppLink, projectPath } from '@/ui/routing';
import { StateIcon } from '@/ui/StateChip';
import { Elapsed } from '@/ui/Time';
import { curveWords } from '@/viz/graph/curves';
import { Sparkline } from '@/viz/Sparkline';
import { TimeLeft } from '@/viz/TimeLeft';
import { taskPath } from '@/viz/tasks/place';
import type { GoingRun } from './api';

interface RunningProps {
  project: string;
  runs: GoingRun[];
  /** How many go on, those included that are not shown. */
  count: number;
}

/** What goes on now, one's own first. */
export function Running({ project, runs, count }: RunningProps) {
  const { t } = useTranslation('overview');
  return (
    <Panel
      title={t('running')}
      aside={
        count > runs.length ? (
          <AppLink href={`${projectPath(project, 'runs')}?state=running`} className="text-fg-2 hover:text-fg">
            {t('allRunning', { count })}
          </AppLink>
        ) : (
          String(count)
        )
      }
    >
      <ul className="divide-y divide-line">
        {runs.map((each) => (
          <RunningRow key={each.run.id} project={project} going={each} />
        ))}
      </ul>
    </Panel>
  );
}

function RunningRow({ project, going }: { project: string; going: GoingRun }) {
  const { t } = useTranslation('overview');
  const { worded } = useFormat();
  const metricWords = useMetricWords();
  const { run, progress, curve } = going;
  const step = going.step && worded(going.step);
  const words = step && [step.progress_message || step.reason].filter(Boolean).join(': ');
  return (
    <li className="px-4 py-3">
      <div className="flex h-6 items-center gap-2.5">
        <StateIcon state={run.state} />
        <AppLink
          href={projectPath(project, 'runs', run.id)}
          className="min-w-0 truncate font-medium hover:underline"
          title={run.name}
        >
          {`#${run.id} ${run.name}`}
        </AppLink>
        <span className="min-w-0 flex-1 truncate text-12 whitespace-nowrap text-fg-3">
          {t('stepsDone', { done: run.num_done, all: run.num_tasks })} · {run.created_by}
        </span>
        {curve && (
          <span
            className="flex shrink-0 items-center gap-2 text-12 text-fg-2"
            title={curveWords(curve, metricWords)}
          >
            <span className="tabular-nums">{curveWords(curve, metricWords)}</span>
            <Sparkline values={curve.values} label={curveWords(curve, metricWords)} color="var(--running)" />
          </span>
        )}
      </div>
      <Progress isLabelHidden label={run.name} value={progress} tone="running" className="mt-1.5 ml-[26px]" />
      <p className="mt-1.5 ml-[26px] flex gap-3 text-12 text-fg-2">
        <span className="min-w-0 flex-1 truncate">
          {step && (
            <AppLink translate="no" href={taskPath(project, step)} className="font-medium hover:underline">
              {step.name}
            </AppLink>
          )}
          {words && ` · ${words}`}
        </span>
        <span className="shrink-0 tabular-nums">
          {step?.state === 'running' && step.started_at ? (
            <TimeLeft since={step.started_at} progress={step.progress} />
          ) : (
            run.started_at && <Elapsed since={run.started_at} />
          )}
        </span>
      </p>
    </li>
  );
}
