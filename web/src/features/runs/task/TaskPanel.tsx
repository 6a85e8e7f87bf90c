import { SkipForward, X } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useMayChange } from '@/api/projects';
import { Button } from '@/ui/Button';
import { IconButton } from '@/ui/IconButton';
import { StateChip } from '@/ui/StateChip';
import type { PipelineDocument } from '@/viz/graph/document';
import { NodeIcon } from '@/viz/graph/icons';
import { useNodeTitle } from '@/viz/graph/useNodeTitle';
import type { RunDetail, Task } from '../api';
import { isOver } from '../model';
import { AttemptSelect, StopButton, useAttempt, useLiveTask } from './TaskActions';
import { TaskViews } from './TaskViews';

interface TaskPanelProps {
  project: string;
  task: Task;
  run: RunDetail;
  onClose: () => void;
  onRerun: () => void;
}

/** Everything about one task: why, attempts, log, metrics, outputs, parameters. */
export function TaskPanel({ project, task, run, onClose, onRerun }: TaskPanelProps) {
  const { t } = useTranslation('runs');
  const detail = useLiveTask(project, task.id);
  const document = run.document as unknown as PipelineDocument;
  const titleOf = useNodeTitle(document, run.parameters);
  const node = (document.nodes ?? []).find(({ id }) => id === task.name);
  const { attempts, attempt } = useAttempt(detail.data);
  const mayChange = useMayChange(project);
  return (
    <>
      <header className="flex h-11 shrink-0 items-center gap-3 pr-3 pl-6">
        {node && <NodeIcon node={node} size={24} />}
        <h2 translate="no" className="truncate text-14 font-semibold">
          {node ? titleOf(node) : task.name}
        </h2>
        <StateChip state={task.state} />
        <p
          className={`min-w-0 flex-1 truncate text-12 ${task.state === 'failed' ? 'text-failed' : 'text-fg-2'}`}
          title={task.reason || task.why}
        >
          {task.reason || task.why}
        </p>
        <AttemptSelect attempts={attempts} attempt={attempt} />
        <StopButton project={project} task={task} />
        {mayChange && isOver(run.state) && (
          <Button size="small" onPress={onRerun}>
            <SkipForward aria-hidden />
            {t('task.rerunFrom')}
          </Button>
        )}
        <IconButton icon={X} label={t('close', { ns: 'common' })} onPress={onClose} />
      </header>
      <TaskViews project={project} task={task} detail={detail} attempt={attempt} run={run} />
    </>
  );
}
