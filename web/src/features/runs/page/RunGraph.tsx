import { ReactFlowProvider } from '@xyflow/react';
import { useMemo, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { EdgePreview } from '@/viz/flowing/EdgePreview';
import { useAssets } from '@/viz/graph/assets';
import { CanvasTools } from '@/viz/graph/CanvasTools';
import { type Curve, useCurves } from '@/viz/graph/curves';
import type { PipelineDocument } from '@/viz/graph/document';
import { type NodeStatus, toFlow } from '@/viz/graph/flow';
import { GraphCanvas } from '@/viz/graph/GraphCanvas';
import { bounds, placed, useArrange } from '@/viz/graph/layout';
import { notesToFlow } from '@/viz/graph/NoteNodes';
import { allPorts } from '@/viz/graph/ports';
import { keepSame } from '@/viz/graph/same';
import { numEnded } from '@/viz/search/search';
import type { RunDetail, Task } from '../api';
import { useBestCurves } from '../useBestCurves';

const NONE: ReadonlySet<string> = new Set();

interface RunGraphProps {
  project: string;
  run: RunDetail;
  selected: string | undefined;
  onPick: (name: string | undefined) => void;
}

/** The graph of a run on the layout of its pipeline, with where each step stands. */
export function RunGraph({ project, run, selected, onPick }: RunGraphProps) {
  const { t } = useTranslation('runs');
  const { catalog } = useAssets(project);
  const document = run.document as unknown as PipelineDocument;
  const ports = useMemo(
    () => allPorts(document, catalog, run.parameters),
    [document, catalog, run.parameters],
  );
  const arrange = useArrange(document);
  const layout = useMemo(() => placed(document, ports, arrange), [document, ports, arrange]);
  const box = useMemo(() => bounds(layout, ports), [layout, ports]);
  const drawn = useRef<ReturnType<typeof toFlow>>({ nodes: [], edges: [] });
  const curves = useCurves(project, run.tasks);
  const searches = useBestCurves(project, run.tasks);
  const { nodes, edges } = useMemo(() => {
    const next = toFlow(document, ports, layout, {
      selected: new Set(selected ? [selected] : []),
      statuses: new Map(
        run.tasks.map((task) => [task.name, statusOf(task, curves.get(task.id) ?? searches.get(task.id))]),
      ),
      given: run.parameters,
    });
    drawn.current = keepSame(drawn.current, next);
    return drawn.current;
  }, [document, ports, layout, selected, run.tasks, run.parameters, curves, searches]);
  const shown = useMemo(() => [...notesToFlow(document, {}, NONE), ...nodes], [document, nodes]);
  const isTask = (name: string) => run.tasks.some((task) => task.name === name);
  return (
    <ReactFlowProvider>
      <GraphCanvas
        label={t('page.graphLabel', { id: run.id })}
        box={box}
        nodes={shown}
        edges={edges}
        isReadOnly
        hasMiniMap={nodes.length > 8}
        onNodeClick={(_, node) => onPick(isTask(node.id) && node.id !== selected ? node.id : undefined)}
        onNodesChange={(changes) => {
          const chosen = changes.find((change) => change.type === 'select' && change.selected);
          if (chosen?.type === 'select' && isTask(chosen.id) && chosen.id !== selected) onPick(chosen.id);
        }}
        onPaneClick={() => selected && onPick(undefined)}
      >
        <CanvasTools />
        <EdgePreview project={project} document={document} tasks={run.tasks} given={run.parameters} />
      </GraphCanvas>
    </ReactFlowProvider>
  );
}

function statusOf(task: Task, curve: Curve | undefined): NodeStatus {
  return {
    state: task.state,
    reason: task.reason,
    why: task.why,
    progress: task.progress,
    progressMessage: task.progress_message,
    since: task.finished_at === null ? task.started_at : null,
    duration_s: task.state === 'reused' ? null : task.duration_s,
    taskId: task.id,
    branch: task.branch,
    curve,
    ...(task.search && {
      numEnded: numEnded(task.search),
      numTrials: task.search.trials,
      best: task.search.best_value,
    }),
  };
}
