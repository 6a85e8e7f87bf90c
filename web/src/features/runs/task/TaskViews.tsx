import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { taskQuery } from '@/api/tasks';
import { useQueryState } from '@/ui/routing';
import { SkeletonRows } from '@/ui/Skeleton';
import { Tabs } from '@/ui/Tabs';
import type { RunDetail, Task, TaskDetail } from '../api';
import { isOver } from '../model';
import { DevicesView } from './DevicesView';
import { LogView } from './LogView';
import { MetricsView } from './MetricsView';
import { OutputsView } from './OutputsView';
import { Summary } from './Summary';

const TrialsView = lazy(() => import('./trials/TrialsView'));

interface TaskViewsProps {
  project: string;
  task: Task;
  detail: UseQueryResult<TaskDetail>;
  /** The latest when left out. */
  attempt: number | undefined;
  /** The run whose step the task is. */
  run?: RunDetail;
}

/** What is to be seen of a task, tab by tab; one that failed opens with its log, at the error. */
export function TaskViews({ project, task, detail, attempt, run }: TaskViewsProps) {
  const { t } = useTranslation('runs');
  const [query, setQuery] = useQueryState();
  // A reused task keeps its log, metrics and files where they were made.
  const source = task.reused_from ?? task.id;
  const made = useQuery(taskQuery(project, source)).data?.attempts ?? [];
  // A condition runs nothing: there is no log, nor anything else to look at.
  const isCondition = task.kind === 'condition';
  const first = task.search ? 'trials' : task.state === 'failed' ? 'log' : 'summary';
  const tab = isCondition ? 'summary' : (query.tab ?? first);
  const isGoing = !isOver(task.state);
  const summary = {
    id: 'summary',
    label: t('task.summary'),
    content: <Summary project={project} task={task} detail={detail} />,
  };
  const outputs = {
    id: 'outputs',
    label: t('task.outputs'),
    content: <OutputsView project={project} taskId={task.id} />,
  };
  const tabs = { label: t('task.views'), onChange: (id: string) => setQuery({ tab: id, line: undefined }) };
  // A search runs no program: what there is to read and to measure is with its trials.
  if (task.search && run)
    return (
      <Tabs
        {...tabs}
        value={tab}
        items={[
          {
            id: 'trials',
            label: t('trials.title'),
            isFull: true,
            content: (
              <Suspense fallback={<SkeletonRows className="p-6" />}>
                <TrialsView project={project} run={run} task={task} search={task.search} />
              </Suspense>
            ),
          },
          summary,
          outputs,
        ]}
      />
    );
  return (
    <Tabs
      {...tabs}
      value={tab}
      items={[
        summary,
        {
          id: 'log',
          label: t('task.log'),
          isFull: true,
          content: (
            <LogView
              // An attempt's log begins anew, at its own error.
              key={`${source} ${attempt}`}
              project={project}
              taskId={source}
              attempt={attempt}
              isGoing={isGoing}
              hasFailed={task.state === 'failed'}
            />
          ),
        },
        {
          id: 'metrics',
          label: t('task.metrics'),
          content: <MetricsView project={project} taskId={source} attempt={attempt} isGoing={isGoing} />,
        },
        {
          id: 'devices',
          label: t('task.devices'),
          content: (
            <DevicesView
              attempt={made.find(({ number }) => number === (attempt ?? made[0]?.number))}
              isGoing={isGoing}
            />
          ),
        },
        outputs,
      ].filter(({ id }) => !isCondition || id === 'summary')}
    />
  );
}
