import { type Node, type NodeProps, NodeResizer, NodeToolbar, Position as Side } from '@xyflow/react';
import { Check, PenLine, Trash2 } from 'lucide-react';
import { createContext, memo, useContext, useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { cx } from '@/ui/cx';
import { IconButton } from '@/ui/IconButton';
import type { Note, PipelineDocument } from './document';
import { NO_ROLE } from './flow';
import type { Box } from './layout';
import { kindOfNote, LEAST_SIZE, NOTE_COLOURS, noteColour, notesOf } from './notes';

export type NoteNode = Node<{ note: Note }, 'note' | 'frame'>;

/** What can be done to notes; null where a canvas is only looked at. */
export interface NoteActions {
  /** The note that is being written, if any. */
  editing: string | null;
  edit: (name: string | null) => void;
  change: (name: string, change: Partial<Note>) => void;
  remove: (name: string) => void;
}

export const Notes = createContext<NoteActions | null>(null);

/** Frames lie under edges and steps, notes above them. */
export function notesToFlow(
  document: PipelineDocument,
  boxes: Record<string, Partial<Box>>,
  selected: ReadonlySet<string>,
): NoteNode[] {
  return Object.entries(notesOf(document)).map(([name, note]): NoteNode => {
    const { x, y, width, height } = { ...note, ...boxes[name] };
    const kind = kindOfNote(name);
    return {
      id: name,
      // The library gives a look of its own to a type `group`.
      type: kind === 'group' ? 'frame' : 'note',
      position: { x, y },
      width,
      height,
      selected: selected.has(name),
      zIndex: kind === 'group' ? -1 : 1,
      connectable: false,
      ariaLabel: note.text ?? '',
      domAttributes: { ...NO_ROLE, translate: 'no' },
      data: { note },
    };
  });
}

/** Words on the canvas. */
export const NoteView = memo(function NoteView({ id, data, selected }: NodeProps<NoteNode>) {
  const { t } = useTranslation('pipelines');
  const actions = useContext(Notes);
  const isEditing = actions?.editing === id;
  const { note } = data;
  const colour = noteColour(note);
  return (
    <>
      <Frame id={id} note={note} selected={selected} />
      {/* biome-ignore lint/a11y/noStaticElementInteractions: Enter on the node around it does the same */}
      <div
        onDoubleClick={() => actions?.edit(id)}
        className={cx(
          'h-full w-full overflow-hidden rounded-md border text-13',
          selected && 'ring-2 ring-accent-soft',
        )}
        style={{
          borderColor: selected ? 'var(--accent)' : `color-mix(in srgb, ${colour} 45%, var(--surface))`,
          backgroundColor: `color-mix(in srgb, ${colour} 12%, var(--surface))`,
        }}
      >
        {isEditing ? (
          <Writing id={id} note={note} label={t('notes.text')} />
        ) : (
          <p className="h-full overflow-auto p-2.5 leading-5 break-words whitespace-pre-wrap text-fg">
            {note.text || <span className="text-fg-3">{actions ? t('notes.empty') : ''}</span>}
          </p>
        )}
      </div>
    </>
  );
});

/** A frame around steps, with a title. */
export const GroupView = memo(function GroupView({ id, data, selected }: NodeProps<NoteNode>) {
  const { t } = useTranslation('pipelines');
  const actions = useContext(Notes);
  const isEditing = actions?.editing === id;
  const { note } = data;
  const colour = noteColour(note);
  return (
    <>
      <Frame id={id} note={note} selected={selected} />
      {/* biome-ignore lint/a11y/noStaticElementInteractions: Enter on the node around it does the same */}
      <div
        onDoubleClick={() => actions?.edit(id)}
        className={cx('h-full w-full rounded-lg border', selected && 'ring-2 ring-accent-soft')}
        style={{
          borderColor: selected ? 'var(--accent)' : `color-mix(in srgb, ${colour} 45%, var(--bg))`,
          backgroundColor: `color-mix(in srgb, ${colour} 6%, var(--bg))`,
        }}
      >
        <div className="flex h-8 items-center px-3 text-13 font-semibold" style={{ color: colour }}>
          {isEditing ? (
            <Writing id={id} note={note} label={t('notes.title')} />
          ) : (
            <span className="truncate">{note.text || (actions ? t('notes.untitled') : '')}</span>
          )}
        </div>
      </div>
    </>
  );
});

/** Also for frames, which lie under everything. */
const ON_TOP = { zIndex: 1001 };

interface PartProps {
  id: string;
  note: Note;
}

/** What is around a selected note: handles to resize it, its colours, what else can be done. */
function Frame({ id, note, selected }: PartProps & { selected: boolean }) {
  const { t } = useTranslation('pipelines');
  const actions = useContext(Notes);
  if (!actions) return null;
  return (
    <>
      <NodeResizer
        isVisible={selected}
        minWidth={LEAST_SIZE.width}
        minHeight={LEAST_SIZE.height}
        lineClassName="kpl-resize-line"
        handleClassName="kpl-resize-handle"
      />
      <NodeToolbar isVisible={selected} position={Side.Top} align="start" offset={10} style={ON_TOP}>
        <div
          role="toolbar"
          aria-label={t('notes.tools')}
          className="nodrag flex items-center gap-1 rounded-lg border border-line bg-raised p-1 shadow-float"
        >
          {NOTE_COLOURS.map((colour) => {
            const isIt = (note.colour ?? 'grey') === colour;
            return (
              <button
                key={colour}
                type="button"
                aria-label={t(`notes.colour.${colour}`)}
                aria-pressed={isIt}
                title={t(`notes.colour.${colour}`)}
                onClick={() => actions.change(id, { colour })}
                className="grid size-6 place-items-center rounded-sm hover:bg-sunken"
              >
                <span
                  aria-hidden
                  className="grid size-4 place-items-center rounded-full [&_svg]:size-3"
                  style={{ backgroundColor: noteColour({ colour }), color: 'var(--surface)' }}
                >
                  {isIt && <Check strokeWidth={3} />}
                </span>
              </button>
            );
          })}
          <span aria-hidden className="mx-1 h-5 w-px bg-line" />
          <IconButton
            icon={PenLine}
            size="small"
            label={t('notes.write')}
            keys="↵"
            onPress={() => actions.edit(id)}
          />
          <IconButton
            icon={Trash2}
            size="small"
            label={t('notes.remove')}
            onPress={() => actions.remove(id)}
          />
        </div>
      </NodeToolbar>
    </>
  );
}

function Writing({ id, note, label }: PartProps & { label: string }) {
  const actions = useContext(Notes);
  const field = useRef<HTMLTextAreaElement & HTMLInputElement>(null);
  useEffect(() => {
    field.current?.focus();
    field.current?.select();
  }, []);
  const isLine = kindOfNote(id) === 'group';
  const shared = {
    ref: field,
    'aria-label': label,
    value: note.text ?? '',
    onChange: (event: { target: { value: string } }) => actions?.change(id, { text: event.target.value }),
    onBlur: () => actions?.edit(null),
    onKeyDown: (event: React.KeyboardEvent) => {
      event.stopPropagation();
      const isDone =
        event.key === 'Escape' || (event.key === 'Enter' && (isLine || event.ctrlKey || event.metaKey));
      if (!isDone) return;
      event.preventDefault();
      actions?.edit(null);
    },
  };
  return isLine ? (
    <input {...shared} className="nodrag w-full bg-transparent text-fg outline-none" />
  ) : (
    <textarea
      {...shared}
      className="nodrag nowheel h-full w-full resize-none bg-transparent p-2.5 leading-5 text-fg outline-none"
    />
  );
}
