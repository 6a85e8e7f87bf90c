import { createContext, memo, useContext, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { formatMetric, useFormat } from '@/i18n/format';
import { KeyValue } from '@/ui/KeyValue';
import { Progress } from '@/ui/Progress';
import { AppLink, projectPath, useProject } from '@/ui/routing';
import { StateChip } from '@/ui/StateChip';
import { Table, type TableColumn } from '@/ui/Table';
import { Elapsed } from '@/ui/Time';
import type { DocumentNode, PipelineDocument } from '@/viz/graph/document';
import { NodeIcon } from '@/viz/graph/icons';
import { useNodeTitle } from '@/viz/graph/useNodeTitle';
import { numEnded } from '@/viz/search/search';
import type { RunDetail, SearchState, Task } from '../api';
import { withoutProgress } from '../model';

interface TaskTableProps {
  run: RunDetail;
  onPick: (name: string) => void;
}

/** All steps of a run and why each did what it did; beside them what the run was made from. */
export const TaskTable = memo(function TaskTable({ run, onPick }: TaskTableProps) {
  const { t } = useTranslation('runs');
  const project = useProject();
  const last = useRef(run.tasks);
  last.current = withoutProgress(last.current, run.tasks);
  const steady = last.current;
  const parameters = Object.entries(run.parameters);
  return (
    <div className="grid min-h-0 flex-1 grid-cols-[minmax(0,1fr)_300px]">
      <div className="min-h-0 overflow-auto px-3">
        <Running value={run.tasks}>
          <Rows
            tasks={steady}
            document={run.document as unknown as PipelineDocument}
            given={run.parameters}
            onPick={onPick}
          />
        </Running>
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
                isName: true,
                value: (
                  <span translate="no" className="font-mono text-12">
                    {String(value)}
                  </span>
                ),
              }))}
            />
          </div>
        )}
      </aside>
    </div>
  );
});

/** Tasks with the progress of now. It changes often, and only the rows of those that run are to follow it. */
const Running = createContext<Task[]>([]);

function TaskProgress({ id }: { id: number }) {
  const { t } = useTranslation('runs');
  const task = useContext(Running).find((each) => each.id === id);
  if (task === undefined) return null;
  if (task.progress === null)
    return <span className="line-clamp-1 text-12 text-fg-2">{task.reason || task.why}</span>;
  return (
    <span className="flex items-center gap-3 text-12">
      <Progress label={t('task.progress')} isLabelHidden value={task.progress} className="w-32" />
      <span className="truncate text-fg-2">{task.progress_message}</span>
    </span>
  );
}

interface RowsProps {
  tasks: Task[];
  document: PipelineDocument;
  given: RunDetail['parameters'];
  onPick: (name: string) => void;
}

const Rows = memo(function Rows({ tasks, document, given, onPick }: RowsProps) {
  const { t } = useTranslation('runs');
  const columns = columnsOf(document, t, useNodeTitle(document, given));
  return (
    <Table
      label={t('page.tasks')}
      columns={columns}
      items={tasks}
      idOf={({ id }) => id}
      onRowAction={({ name }) => onPick(name)}
    />
  );
});

function columnsOf(
  document: PipelineDocument,
  t: (key: string, values?: Record<string, unknown>) => string,
  titleOf: (node: DocumentNode) => string,
): TableColumn<Task>[] {
  const nodes = new Map((document.nodes ?? []).map((node) => [node.id, node]));
  return [
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
            <span translate="no" className="truncate font-medium">
              {node ? titleOf(node) : name}
            </span>
          </span>
        );
      },
    },
    { id: 'state', title: t('list.state'), width: 'w-32', cell: ({ state }) => <StateChip state={state} /> },
    {
      id: 'why',
      title: t('task.why'),
      cell: ({ id, reason, why, state, search }) =>
        state === 'running' ? (
          <TaskProgress id={id} />
        ) : state === 'searching' && search ? (
          <span className="text-12 text-fg-2">{searchText(search, t)}</span>
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
      cell: (task) => <TaskTime task={task} />,
    },
  ];
}

/** How far a search is. */
function searchText(
  search: SearchState,
  t: (key: string, values?: Record<string, unknown>) => string,
): string {
  const ended = t('trials.ofAll', { done: numEnded(search), all: search.trials });
  const { best_value } = search;
  return best_value === null
    ? ended
    : `${ended} · ${t('trials.bestSo', { value: formatMetric(best_value) })}`;
}

/** How long a step took, or runs by now. */
function TaskTime({ task }: { task: Task }) {
  const { duration } = useFormat();
  const isGoing = task.started_at !== null && task.finished_at === null;
  const took = task.state === 'reused' || task.duration_s === null ? '–' : duration(task.duration_s);
  return (
    <span className="text-fg-2 tabular-nums">
      {isGoing && task.started_at ? <Elapsed since={task.started_at} /> : took}
    </span>
  );
}
