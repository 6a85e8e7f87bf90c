import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { KeyValue } from '@/ui/KeyValue';
import { Progress } from '@/ui/Progress';
import { AppLink, projectPath, useProject } from '@/ui/routing';
import { StateChip } from '@/ui/StateChip';
import { Table, type TableColumn } from '@/ui/Table';
import { nodeTitle, type PipelineDocument } from '../../pipelines/graph/document';
import { NodeIcon } from '../../pipelines/graph/icons';
import type { RunDetail, Task } from '../api';

interface TaskTableProps {
  run: RunDetail;
  onPick: (name: string) => void;
  now: number;
}

/** All steps of a run and why each did what it did; beside them what the run was made from. */
export function TaskTable({ run, onPick, now }: TaskTableProps) {
  const { t, i18n } = useTranslation('runs');
  const { duration } = useFormat();
  const project = useProject();
  const nodes = new Map(
    ((run.document as unknown as PipelineDocument).nodes ?? []).map((node) => [node.id, node]),
  );
  const columns: TableColumn<Task>[] = [
    {
      id: 'name',
      title: t('task.step'),
      isRowHeader: true,
      width: 'w-56',
      cell: ({ name }) => {
        const node = nodes.get(name);
        return (
          <span className="flex items-center gap-2.5">
            {node && <NodeIcon node={node} size={22} />}
            <span className="truncate font-medium">{node ? nodeTitle(node, i18n.language) : name}</span>
          </span>
        );
      },
    },
    { id: 'state', title: t('list.state'), width: 'w-32', cell: ({ state }) => <StateChip state={state} /> },
    {
      id: 'why',
      title: t('task.why'),
      cell: ({ reason, why, state, progress, progress_message }) =>
        state === 'running' && progress !== null ? (
          <span className="flex items-center gap-3 text-12">
            <Progress label={t('task.progress')} isLabelHidden value={progress} className="w-32" />
            <span className="truncate text-fg-2">{progress_message}</span>
          </span>
        ) : (
          <span className={`line-clamp-1 text-12 ${state === 'failed' ? 'text-failed' : 'text-fg-2'}`}>
            {reason || why}
          </span>
        ),
    },
    {
      id: 'duration',
      title: t('list.duration'),
      align: 'right',
      width: 'w-28',
      cell: (task) => <span className="text-fg-2 tabular-nums">{timeOf(task, now, duration)}</span>,
    },
  ];
  const parameters = Object.entries(run.parameters);
  return (
    <div className="grid min-h-0 flex-1 grid-cols-[minmax(0,1fr)_300px]">
      <div className="min-h-0 overflow-auto px-3">
        <Table
          label={t('page.tasks')}
          columns={columns}
          items={run.tasks}
          idOf={({ id }) => id}
          onRowAction={({ name }) => onPick(name)}
        />
      </div>
      <aside className="min-h-0 space-y-4 overflow-auto border-l border-line p-4">
        <KeyValue
          labelWidth="88px"
          facts={[
            {
              label: t('list.from'),
              value: run.pipeline ? (
                <AppLink
                  className="text-accent hover:underline"
                  href={projectPath(project, 'pipelines', run.pipeline)}
                >
                  {run.pipeline} @{run.revision}
                </AppLink>
              ) : run.template ? (
                <AppLink
                  className="text-accent hover:underline"
                  href={projectPath(project, 'templates', run.template)}
                >
                  {run.template}
                </AppLink>
              ) : (
                '–'
              ),
            },
            {
              label: t('page.rerunOf'),
              value:
                run.rerun_of === null ? null : (
                  <AppLink
                    className="text-accent hover:underline"
                    href={projectPath(project, 'runs', run.rerun_of)}
                  >
                    #{run.rerun_of}
                  </AppLink>
                ),
            },
            { label: t('page.origin'), value: t(`origin.${run.origin}`) },
          ]}
        />
        {parameters.length > 0 && (
          <div>
            <h2 className="mb-2 text-12 font-semibold text-fg-2">{t('task.parameters')}</h2>
            <KeyValue
              labelWidth="120px"
              facts={parameters.map(([label, value]) => ({
                label,
                value: <span className="font-mono text-12">{String(value)}</span>,
              }))}
            />
          </div>
        )}
      </aside>
    </div>
  );
}

function timeOf(task: Task, now: number, duration: (seconds: number) => string): string {
  if (task.state === 'reused' || task.started_at === null) return '–';
  if (task.finished_at === null) return duration(Math.max(0, (now - Date.parse(task.started_at)) / 1000));
  return task.duration_s === null ? '–' : duration(task.duration_s);
}
