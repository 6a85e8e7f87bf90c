import {
  Background,
  BackgroundVariant,
  MiniMap,
  ReactFlow,
  type ReactFlowInstance,
  type ReactFlowProps,
} from '@xyflow/react';
import '@xyflow/react/dist/base.css';
import './canvas.css';
import { type ReactNode, useCallback, useMemo, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { cx } from '@/ui/cx';
import { nodeColour } from './colours';
import type { FlowEdge, FlowNode } from './flow';
import { type Box, firstView } from './layout';
import { GroupView, type NoteNode, NoteView } from './NoteNodes';
import { StepNode } from './StepNode';

const NODE_TYPES = { step: StepNode, note: NoteView, frame: GroupView };
/** Below this zoom, texts inside nodes are not drawn. */
const FAR_ZOOM = 0.5;

export type CanvasNode = FlowNode | NoteNode;
export type Flow = ReactFlowInstance<CanvasNode, FlowEdge>;

interface GraphCanvasProps extends Omit<ReactFlowProps<CanvasNode, FlowEdge>, 'onInit'> {
  /** The box around all nodes, for the first view. */
  box: Box;
  isReadOnly?: boolean;
  hasMiniMap?: boolean;
  label: string;
  onReady?: (flow: Flow) => void;
  children?: ReactNode;
}

/** The canvas of pipelines and runs. It begins at a zoom at which texts are read, at the left end if need be. */
export function GraphCanvas(props: GraphCanvasProps) {
  const { box, isReadOnly = false, hasMiniMap = true, label, onReady, children, className, ...rest } = props;
  const frame = useRef<HTMLDivElement>(null);
  const lod = useCallback((zoom: number) => {
    const canvas = frame.current;
    const next = zoom < FAR_ZOOM ? 'far' : 'near';
    if (canvas && canvas.dataset.lod !== next) canvas.dataset.lod = next;
  }, []);
  const said = useAriaLabels();
  return (
    <ReactFlow
      ariaLabelConfig={said}
      ref={frame}
      aria-label={label}
      nodeTypes={NODE_TYPES}
      onInit={(flow) => {
        const size = frame.current?.getBoundingClientRect();
        void flow.setViewport(firstView(box, size?.width ?? 0, size?.height ?? 0));
        onReady?.(flow);
      }}
      onMove={(_, { zoom }) => lod(zoom)}
      minZoom={0.15}
      maxZoom={1.75}
      onlyRenderVisibleElements
      nodesDraggable={!isReadOnly}
      nodesConnectable={!isReadOnly}
      edgesReconnectable={false}
      deleteKeyCode={null}
      elevateNodesOnSelect={false}
      proOptions={{ hideAttribution: true }}
      className={cx('kpl-canvas', isReadOnly && 'is-read-only', className)}
      {...rest}
    >
      <Background
        variant={BackgroundVariant.Dots}
        gap={24}
        size={1.2}
        color="var(--line-strong)"
        bgColor="var(--bg)"
      />
      {hasMiniMap && (
        <MiniMap<CanvasNode>
          position="top-right"
          pannable
          zoomable
          style={{ width: 128, height: 80 }}
          nodeColor={(node) => (node.type === 'step' ? nodeColour(node.data.node) : 'transparent')}
          nodeBorderRadius={24}
          aria-hidden
        />
      )}
      {children}
    </ReactFlow>
  );
}

/** What the library reads out by itself, in the reader's language. */
function useAriaLabels(): ReactFlowProps['ariaLabelConfig'] {
  const { t, i18n } = useTranslation('pipelines');
  // biome-ignore lint/correctness/useExhaustiveDependencies: the words change with the language
  return useMemo(
    () => ({
      'node.a11yDescription.default': t('canvas.stepHelp'),
      'node.a11yDescription.keyboardDisabled': t('canvas.stepKeysHelp'),
      'node.a11yDescription.ariaLiveMessage': ({ x, y }) => t('canvas.moved', { x, y }),
      'edge.a11yDescription.default': t('canvas.linkHelp'),
      'handle.ariaLabel': t('canvas.end'),
    }),
    [t, i18n.language],
  );
}
