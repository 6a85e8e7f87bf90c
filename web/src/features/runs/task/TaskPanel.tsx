import { useQuery } from '@tanstack/react-query';
import { CircleStop, SkipForward, X } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useLiveQueries } from '@/api/live';
import { useMayChange } from '@/api/projects';
import { taskQuery } from '@/api/tasks';
import { later } from '@/i18n';
import { Button } from '@/ui/Button';
import { IconButton } from '@/ui/IconButton';
import { useQueryState } from '@/ui/routing';
import { Select } from '@/ui/Select';
import { StateChip } from '@/ui/StateChip';
import { Tabs } from '@/ui/Tabs';
import { toastError } from '@/ui/Toast';
import { nodeTitle, type PipelineDocument } from '@/viz/graph/document';
import { NodeIcon } from '@/viz/graph/icons';
import { cancelTask, type RunDetail, type Task } from '../api';
import { isOver } from '../model';
import { DevicesView } from './DevicesView';
import { LogView } from './LogView';
import { MetricsView } from './MetricsView';
import { OutputsView } from './OutputsView';
import { Summary } from './Summary';

interface TaskPanelProps {
  project: string;
  task: Task;
  run: RunDetail;
  onClose: () => void;
  onRerun: () => void;
}

/** Everything about one task: why, attempts, log, metrics, outputs, parameters. */
export function TaskPanel({ project, task, run, onClose, onRerun }: TaskPanelProps) {
  const { t, i18n } = useTranslation('runs');
  const [query, setQuery] = useQueryState();
  const detail = useQuery(taskQuery(project, task.id));
  useLiveQueries([`task:${task.id}`], ({ type }) => (type === 'task' ? [['tasks', project, task.id]] : []), {
    always: [['tasks', project, task.id]],
  });
  const node = ((run.document as unknown as PipelineDocument).nodes ?? []).find(({ id }) => id === task.name);
  const attempts = detail.data?.attempts ?? [];
  const asked = Number(query.attempt);
  const attempt = attempts.some(({ number }) => number === asked) ? asked : undefined;
  // A reused task keeps its log, metrics and files where they were made.
  const source = task.reused_from ?? task.id;
  const made = useQuery(taskQuery(project, source)).data?.attempts ?? [];
  const tab = query.tab ?? (task.state === 'failed' ? 'log' : 'summary');
  const isGoing = !isOver(task.state);
  const mayChange = useMayChange(project);
  return (
    <>
      <header className="flex h-11 shrink-0 items-center gap-3 pr-3 pl-6">
        {node && <NodeIcon node={node} size={24} />}
        <h2 translate="no" className="truncate text-14 font-semibold">
          {node ? nodeTitle(node, i18n.language) : task.name}
        </h2>
        <StateChip state={task.state} />
        <p
          className={`min-w-0 flex-1 truncate text-12 ${task.state === 'failed' ? 'text-failed' : 'text-fg-2'}`}
          title={task.reason || task.why}
        >
          {task.reason || task.why}
        </p>
        {attempts.length > 1 && (
          <Select
            label={t('task.attempt')}
            isLabelHidden
            size="small"
            className="w-36"
            value={String(attempt ?? attempts[0]?.number ?? '')}
            onChange={(number) => setQuery({ attempt: number })}
            options={attempts.map(({ number, outcome }) => ({
              id: String(number),
              label: t('task.attemptNumber', { number }),
              note: outcome ? t(`outcome.${outcome}`) : undefined,
            }))}
          />
        )}
        {mayChange && isGoing && (
          <Button
            size="small"
            variant="danger"
            onPress={() =>
              void cancelTask(project, task.id).catch((error) =>
                toastError(error, later('runs', 'page.cancelFailed')),
              )
            }
          >
            <CircleStop aria-hidden />
            {t('task.stop')}
          </Button>
        )}
        {mayChange && isOver(run.state) && (
          <Button size="small" onPress={onRerun}>
            <SkipForward aria-hidden />
            {t('task.rerunFrom')}
          </Button>
        )}
        <IconButton icon={X} label={t('close', { ns: 'common' })} onPress={onClose} />
      </header>
      <Tabs
        label={t('task.views')}
        value={tab}
        onChange={(id) => setQuery({ tab: id, line: undefined })}
        items={[
          {
            id: 'summary',
            label: t('task.summary'),
            content: <Summary project={project} task={task} detail={detail} />,
          },
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
          {
            id: 'outputs',
            label: t('task.outputs'),
            content: <OutputsView project={project} taskId={task.id} />,
          },
        ]}
      />
    </>
  );
}
