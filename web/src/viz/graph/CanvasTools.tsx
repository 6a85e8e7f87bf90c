import { Panel, useReactFlow } from '@xyflow/react';
import { Group, LayoutDashboard, Maximize, Redo2, StickyNote, Undo2, ZoomIn, ZoomOut } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { IconButton } from '@/ui/IconButton';

interface CanvasToolsProps {
  undo?: () => void;
  redo?: () => void;
  canUndo?: boolean;
  canRedo?: boolean;
  layOut?: () => void;
  addNote?: () => void;
  /** Null while nothing is selected that could be framed. */
  addGroup?: (() => void) | null;
}

/** The buttons at the bottom of a canvas. */
export function CanvasTools({ undo, redo, canUndo, canRedo, layOut, addNote, addGroup }: CanvasToolsProps) {
  const { t } = useTranslation('pipelines');
  const flow = useReactFlow();
  return (
    <Panel position={layOut ? 'bottom-center' : 'bottom-right'} className="m-3!">
      <div
        role="toolbar"
        aria-label={t('canvas.tools')}
        className="flex items-center gap-0.5 rounded-lg border border-line bg-raised p-1 shadow-float"
      >
        {undo && (
          <IconButton icon={Undo2} label={t('canvas.undo')} keys="⌘Z" isDisabled={!canUndo} onPress={undo} />
        )}
        {redo && (
          <IconButton icon={Redo2} label={t('canvas.redo')} keys="⇧⌘Z" isDisabled={!canRedo} onPress={redo} />
        )}
        {layOut && <IconButton icon={LayoutDashboard} label={t('canvas.layout')} keys="L" onPress={layOut} />}
        {addNote && <IconButton icon={StickyNote} label={t('notes.add')} keys="C" onPress={addNote} />}
        {addGroup !== undefined && (
          <IconButton
            icon={Group}
            label={t('notes.group')}
            keys="G"
            isDisabled={addGroup === null}
            onPress={() => addGroup?.()}
          />
        )}
        {(undo || layOut) && <span aria-hidden className="mx-1 h-5 w-px bg-line" />}
        <IconButton icon={ZoomOut} label={t('canvas.zoomOut')} keys="−" onPress={() => void flow.zoomOut()} />
        <IconButton icon={ZoomIn} label={t('canvas.zoomIn')} keys="+" onPress={() => void flow.zoomIn()} />
        <IconButton
          icon={Maximize}
          label={t('canvas.fit')}
          keys="1"
          onPress={() => void flow.fitView({ padding: 0.08, maxZoom: 1, minZoom: 0.3 })}
        />
      </div>
    </Panel>
  );
}
