import {
  type Connection,
  type FinalConnectionState,
  type NodeChange,
  Panel,
  ReactFlowProvider,
  useConnection,
} from '@xyflow/react';
import { type DragEvent, type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { later } from '@/i18n';
import { toast } from '@/ui/Toast';
import { CanvasTools } from '@/viz/graph/CanvasTools';
import type { DocumentNode, Position } from '@/viz/graph/document';
import { formatEnd, resolved } from '@/viz/graph/document';
import { toFlow } from '@/viz/graph/flow';
import { type CanvasNode, type Flow, GraphCanvas } from '@/viz/graph/GraphCanvas';
import { type Box, bounds, loadArrange, NODE_WIDTH, placed, useArrange, viewWith } from '@/viz/graph/layout';
import { Notes, notesToFlow } from '@/viz/graph/NoteNodes';
import {
  addNote,
  boxesOf,
  changeNote,
  frameAround,
  isNoteName,
  membersOf,
  NOTE_SIZE,
  notesOf,
  refitGroups,
  resizeNote,
  withMembers,
} from '@/viz/graph/notes';
import {
  type Catalog,
  type Fit,
  fitting,
  fittingSources,
  functionOf,
  linkRefusal,
  linkTargets,
  type NodePorts,
  type Refusal,
} from '@/viz/graph/ports';
import { LinkTargets } from '@/viz/graph/StepNode';
import { keepSame } from '@/viz/graph/same';
import { schemaTitle } from '@/viz/graph/schema';
import { searchOf, startSearch } from '@/viz/search/search';
import { AddMenu } from './AddMenu';
import {
  addJoined,
  addNode,
  changeNode,
  connect,
  copyText,
  moveNodes,
  pasteText,
  removeParts,
} from './actions';
import { withMetrics } from './condition/metrics';
import { canSwap, DRAG_TYPE, type Dragged, readDragged } from './drag';
import { tellLost } from './tellLost';
import type { EditorState } from './useEditor';

interface CanvasProps {
  editor: EditorState;
  ports: ReadonlyMap<string, NodePorts>;
  catalog: Catalog;
  selected: ReadonlySet<string>;
  onSelect: (ids: ReadonlySet<string>) => void;
  /** More that is drawn over the canvas. */
  children?: ReactNode;
}

export function Canvas(props: CanvasProps) {
  return (
    <ReactFlowProvider>
      <Drawing {...props} />
    </ReactFlowProvider>
  );
}

/** Whether something lies over the page that keys are meant for. */
function isCovered(): boolean {
  return globalThis.document.querySelector('[role=dialog], [role=menu], [role=listbox]') !== null;
}

/** Whether keys are meant for the canvas: the focus is in it or on nothing beside it, and nothing lies over it. */
function isHere(frame: HTMLElement | null): boolean {
  const { activeElement } = globalThis.document;
  if (!frame || isCovered()) return false;
  return activeElement === null || frame.contains(activeElement) || activeElement.contains(frame);
}

const STEPS: Record<string, [number, number]> = {
  arrowleft: [-8, 0],
  arrowright: [8, 0],
  arrowup: [0, -8],
  arrowdown: [0, 8],
};

/** About as large as a step is. */
const STEP_SIZE = { width: NODE_WIDTH, height: 120 };

function isOnNode({ target }: KeyboardEvent): boolean {
  return !(target instanceof HTMLElement && target.closest('button, [role=toolbar]'));
}

function around(boxes: Box[]): Box {
  const [x, y] = [Math.min(...boxes.map((box) => box.x)), Math.min(...boxes.map((box) => box.y))];
  const right = Math.max(...boxes.map((box) => box.x + box.width));
  const bottom = Math.max(...boxes.map((box) => box.y + box.height));
  return { x, y, width: right - x, height: bottom - y };
}

/** Both ends of an edge as the document names them, whichever end it was begun at. */
function endsOf(connection: Pick<Connection, 'source' | 'sourceHandle' | 'target' | 'targetHandle'>) {
  const port = (handle: string | null) => (handle ?? '').replace(/^(in|out):/, '');
  return {
    from: formatEnd({ node: connection.source, port: port(connection.sourceHandle) }),
    to: formatEnd({ node: connection.target, port: port(connection.targetHandle) }),
  };
}

/** What fits a port that was drawn onto empty canvas. */
interface Offer {
  at: Position;
  screen: Position;
  end: string;
  side: 'in' | 'out';
  fits: Fit[];
}

function Drawing({ editor, ports, catalog, selected, onSelect, children }: CanvasProps) {
  const { t, i18n } = useTranslation('pipelines');
  const { store, document, problems, history } = editor;
  const flow = useRef<Flow | null>(null);
  const frame = useRef<HTMLDivElement>(null);
  const [dragged, setDragged] = useState<Record<string, Position>>({});
  const [sizes, setSizes] = useState<Record<string, { width: number; height: number }>>({});
  const [editing, setEditing] = useState<string | null>(null);
  const before = useRef('');
  const [offer, setOffer] = useState<Offer | null>(null);
  const [linkFrom, setLinkFrom] = useState<{ node: string; handle: string } | null>(null);
  const arrange = useArrange(document);
  const layout = useMemo(() => placed(document, ports, arrange), [document, ports, arrange]);

  const parameters = useMemo(() => document.parameters ?? {}, [document.parameters]);
  const facts = useCallback(
    (node: DocumentNode): [string, string][] => {
      const properties = functionOf(node, catalog)?.parameters.properties ?? {};
      return Object.entries(node.parameters ?? {})
        .slice(0, 2)
        .map(([name, value]) => [
          schemaTitle(name, properties[name], i18n.language),
          String(resolved(value, parameters) ?? ''),
        ]);
    },
    [catalog, parameters, i18n.language],
  );
  const boxes = useMemo(() => boxesOf(document, layout, ports), [document, layout, ports]);
  const drawn = useRef<ReturnType<typeof toFlow>>({ nodes: [], edges: [] });
  const steps = useMemo(() => {
    const places = { ...layout, ...dragged };
    const next = toFlow(document, ports, places, { selected: new Set(selected), problems, facts });
    drawn.current = keepSame(drawn.current, next);
    return drawn.current;
  }, [document, ports, layout, dragged, selected, problems, facts]);
  const { edges } = steps;
  const nodes = useMemo((): CanvasNode[] => {
    const shown: Record<string, Partial<Box>> = {};
    for (const name of Object.keys(notesOf(document))) shown[name] = { ...dragged[name], ...sizes[name] };
    const notes = notesToFlow(document, shown, selected);
    return [...notes, ...steps.nodes];
  }, [document, steps.nodes, dragged, sizes, selected]);
  const box = useMemo(
    () => (boxes.size > 0 ? around([...boxes.values()]) : bounds(layout, ports)),
    [boxes, layout, ports],
  );
  const targets = useMemo(
    () => linkFrom && linkTargets(document, ports, linkFrom),
    [linkFrom, document, ports],
  );

  const refusalOf = useCallback(
    (connection: Pick<Connection, 'source' | 'sourceHandle' | 'target' | 'targetHandle'>): Refusal | null => {
      const { from, to } = endsOf(connection);
      return linkRefusal(document, ports, from, to);
    },
    [document, ports],
  );
  const words = useCallback(
    (refusal: Refusal) => t(`refusal.${refusal.code}`, { given: refusal.given, wanted: refusal.wanted }),
    [t],
  );

  const onNodesChange = (changes: NodeChange<CanvasNode>[]) => {
    const places: Record<string, Position> = {};
    const resized = changes.flatMap((change) =>
      change.type === 'dimensions' && change.resizing !== undefined ? [change] : [],
    );
    const isEnd = changes.some((change) => change.type === 'position' && change.dragging === false);
    for (const change of changes) {
      if (change.type === 'position' && change.position) places[change.id] = change.position;
    }
    if (resized.length === 0) takeMembersAlong(places);
    if (Object.keys(places).length > 0) setDragged((old) => ({ ...old, ...places }));
    for (const { id, dimensions, resizing } of resized) {
      const size = dimensions ?? sizes[id];
      if (resizing && size) setSizes({ [id]: size });
      const note = notesOf(document)[id];
      if (resizing || !note) continue;
      const at = places[id] ?? dragged[id] ?? note;
      store.change((current) => resizeNote(current, id, { ...note, ...size, x: at.x, y: at.y }));
      setSizes({});
      setDragged({});
    }
    if (isEnd && resized.length === 0) {
      setDragged({});
      store.change((current) => moveNodes(current, { ...layout, ...dragged, ...places }), 'move');
    }
    const picks = changes.filter((change) => change.type === 'select');
    if (picks.length > 0) pick(picks);
  };
  /** What stands in a group goes where it goes, unless it is dragged by itself. */
  const takeMembersAlong = (places: Record<string, Position>) => {
    for (const [name, at] of Object.entries({ ...places })) {
      const from = boxes.get(name);
      if (!from || !isNoteName(name)) continue;
      for (const member of membersOf(name, boxes)) {
        const stood = boxes.get(member);
        if (stood && !places[member])
          places[member] = { x: stood.x + at.x - from.x, y: stood.y + at.y - from.y };
      }
    }
  };
  const pick = (changes: { id: string; selected: boolean }[]) => {
    const next = new Set(selected);
    for (const { id, selected: isSelected } of changes) {
      if (isSelected) next.add(id);
      else next.delete(id);
    }
    if (next.size !== selected.size || [...next].some((id) => !selected.has(id))) onSelect(next);
  };

  const layOut = async () => {
    const arrangeAll = await loadArrange();
    store.change((current) => {
      const stood = placed(current, ports, arrangeAll);
      return refitGroups(current, moveNodes(current, arrangeAll(current, ports)), stood, ports);
    });
    requestAnimationFrame(() => void flow.current?.fitView({ padding: 0.08, maxZoom: 1, minZoom: 0.8 }));
  };
  const remove = (which: ReadonlySet<string> = selected) => {
    const ids = [...which];
    store.change((current) => removeParts(current, ids, ids));
    onSelect(new Set());
  };
  const addNoteHere = () => {
    const size = frame.current?.getBoundingClientRect();
    const anchor = around([...selected].flatMap((id) => boxes.get(id) ?? []));
    const centre = flow.current?.screenToFlowPosition({
      x: (size?.left ?? 0) + (size?.width ?? 0) / 2,
      y: (size?.top ?? 0) + (size?.height ?? 0) / 3,
    });
    const at =
      selected.size > 0
        ? { x: anchor.x, y: anchor.y - NOTE_SIZE.height - 24 }
        : { x: (centre?.x ?? 0) - NOTE_SIZE.width / 2, y: (centre?.y ?? 0) - NOTE_SIZE.height / 2 };
    const added = addNote(store.get().present, 'note', { ...at, ...NOTE_SIZE });
    store.change(added.document);
    onSelect(new Set([added.name]));
    setEditing(added.name);
  };
  const groupSelected = () => {
    const framed = frameAround([...selected].flatMap((id) => boxes.get(id) ?? []));
    if (!framed) return;
    const added = addNote(store.get().present, 'group', framed);
    store.change(added.document);
    onSelect(new Set([added.name]));
    setEditing(added.name);
  };
  const noteActions = {
    editing,
    edit: setEditing,
    change: (name: string, change: Parameters<typeof changeNote>[2]) =>
      store.change((current) => changeNote(current, name, change), `${name}.${Object.keys(change).join()}`),
    remove: (name: string) => {
      store.change((current) => removeParts(current, [name]));
      onSelect(new Set());
    },
  };
  /** The document with a place for every step, so that a new one among them moves none. */
  const settled = () => moveNodes(store.get().present, layout);
  const paste = (text: string) => {
    const pasted = pasteText(settled(), text);
    if (!pasted) return toast({ tone: 'info', title: later('pipelines', 'canvas.notPasted') });
    store.change(pasted.document);
    onSelect(new Set(pasted.ids));
    const places = pasted.ids.flatMap((id) => pasted.document.layout?.[id] ?? []);
    if (places.length > 0) bringIntoView(around(places.map((at) => ({ ...STEP_SIZE, ...at }))));
  };
  /** Move the view as far as needed, and never closer, to show what was just added. */
  const bringIntoView = (added: Box) => {
    const size = frame.current?.getBoundingClientRect();
    const [now, canvas] = [
      flow.current?.getViewport(),
      { width: size?.width ?? 0, height: size?.height ?? 0 },
    ];
    const next = now && viewWith(now, added, canvas);
    if (next) void flow.current?.setViewport(next);
  };
  /** What is dropped onto a step of its kind takes the place of that step's; a search has the step itself searched. */
  const swap = async (old: DocumentNode, by: Dragged) => {
    const { swapAlgorithm, swapAsset } = await import('./swap');
    const search = by.search && startSearch(functionOf(old, catalog), old.parameters);
    if (search) store.change(changeNode(document, old.id, { search: searchOf(old) ?? search }));
    else if (old.type === 'algorithm') {
      const { document: next, lost } = swapAlgorithm(document, old, by.algorithm ?? '', catalog);
      store.change(next);
      tellLost(store, lost);
    } else store.change(swapAsset(document, old, by));
    onSelect(new Set([old.id]));
  };
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    const node = readDragged(event.dataTransfer.getData(DRAG_TYPE));
    const at = flow.current?.screenToFlowPosition({ x: event.clientX, y: event.clientY });
    if (!node || !at) return;
    const under = event.target instanceof Element ? event.target.closest('.react-flow__node') : null;
    const other = (document.nodes ?? []).find(({ id }) => id === under?.getAttribute('data-id'));
    if (other && canSwap(other, node)) return void swap(other, node);
    const added = addNode(settled(), node, { x: at.x - 110, y: at.y - 24 });
    store.change(added.document);
    onSelect(new Set([added.id]));
  };

  const onConnectEnd = (event: MouseEvent | TouchEvent, state: FinalConnectionState) => {
    setLinkFrom(null);
    if (state.isValid || !state.fromHandle) return;
    if (state.toHandle && state.toNode && state.fromNode) {
      const isForward = state.fromHandle.type === 'source';
      const [source, target] = isForward
        ? [state.fromHandle, state.toHandle]
        : [state.toHandle, state.fromHandle];
      const refusal =
        source.type === target.type
          ? null
          : refusalOf({
              source: source.nodeId,
              sourceHandle: source.id ?? null,
              target: target.nodeId,
              targetHandle: target.id ?? null,
            });
      if (refusal)
        toast({ tone: 'info', title: later('pipelines', 'canvas.refused'), detail: words(refusal) });
      return;
    }
    if (state.toNode || !(event instanceof MouseEvent)) return;
    const side = state.fromHandle.type === 'source' ? 'out' : 'in';
    const name = (state.fromHandle.id ?? '').replace(/^(in|out):/, '');
    const own = ports.get(state.fromHandle.nodeId);
    const port = (side === 'out' ? own?.outputs : own?.inputs)?.find((each) => each.name === name);
    const of = (document.nodes ?? []).find(({ id }) => id === state.fromHandle?.nodeId);
    const at = flow.current?.screenToFlowPosition({ x: event.clientX, y: event.clientY });
    if (!port || !of || !at) return;
    const frameAt = frame.current?.getBoundingClientRect();
    setOffer({
      at,
      screen: {
        x: Math.max(8, Math.min(event.clientX - (frameAt?.left ?? 0), (frameAt?.width ?? 0) - 264)),
        y: Math.max(8, Math.min(event.clientY - (frameAt?.top ?? 0), (frameAt?.height ?? 0) - 328)),
      },
      end: formatEnd({ node: state.fromHandle.nodeId, port: name }),
      side,
      fits: side === 'out' ? fitting(port, catalog, of) : fittingSources(port, catalog),
    });
  };
  const take = (fit: Fit) => {
    if (!offer) return;
    const x = offer.side === 'out' ? offer.at.x : offer.at.x - STEP_SIZE.width;
    const added = addJoined(settled(), fit, offer, { x, y: offer.at.y - 60 });
    store.change(withMetrics(added.document, catalog));
    onSelect(new Set([added.id]));
    setOffer(null);
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) return;
    const isCommand = event.metaKey || event.ctrlKey;
    const key = event.key.toLowerCase();
    // Undo is for all of the editor: after a press in the palette or the inspector too.
    const isUndo = isCommand && (key === 'z' || key === 'y') && !isCovered();
    if (!isUndo && !isHere(frame.current)) return;
    // After `g`, which goes to a page on every page, the next key names the page.
    const isGoing = before.current === 'g';
    before.current = isGoing ? '' : key;
    if (isGoing) return;
    const act = (action: () => void) => {
      event.preventDefault();
      action();
    };
    if (isCommand && key === 'z') act(() => (event.shiftKey ? store.redo() : store.undo()));
    else if (isCommand && key === 'y') act(() => store.redo());
    else if (isCommand && key === 'd') {
      act(() => paste(copyText(document, withMembers(selected, boxes))));
    } else if (isCommand && key === 'a') act(() => onSelect(new Set(boxes.keys())));
    else if (isCommand) return;
    else if (event.key === 'Delete' || event.key === 'Backspace') act(() => remove());
    else if (key === 'c') act(addNoteHere);
    else if (key === 'g' && selected.size > 0) {
      // The same key goes to other pages; here it frames what is selected.
      event.stopImmediatePropagation();
      before.current = '';
      act(groupSelected);
    } else if (key === 'enter' && only && isOnNode(event)) act(() => setEditing(only));
    else if (key === 'l') act(() => void layOut());
    else if (key === '1') act(() => void flow.current?.fitView({ padding: 0.08, maxZoom: 1, minZoom: 0.3 }));
    else if (key === '+' || key === '=') act(() => void flow.current?.zoomIn());
    else if (key === '-') act(() => void flow.current?.zoomOut());
    else if (key === 'a')
      act(() => globalThis.document.querySelector<HTMLInputElement>('#palette-search input')?.focus());
    else if (key === 'escape') onSelect(new Set());
    else if (key.startsWith('arrow') && event.altKey && only) act(() => stretch(only, key));
    else if (key.startsWith('arrow') && selected.size > 0) act(() => nudge(key));
  };
  /** The note that is selected alone. */
  const only = selected.size === 1 ? [...selected].find(isNoteName) : undefined;
  const stretch = (name: string, key: string) => {
    const [width, height] = STEPS[key] ?? [0, 0];
    store.change((current) => {
      const note = notesOf(current)[name];
      if (!note) return current;
      return resizeNote(current, name, { ...note, width: note.width + width, height: note.height + height });
    }, 'stretch');
  };
  const nudge = (key: string) => {
    const [dx, dy] = STEPS[key] ?? [0, 0];
    store.change((current) => {
      const places = placed(current, ports, arrange);
      const stand = boxesOf(current, places, ports);
      const moved = Object.fromEntries(
        [...withMembers(selected, stand)].flatMap((id) => {
          const at = stand.get(id);
          return at ? [[id, { x: at.x + dx, y: at.y + dy }]] : [];
        }),
      );
      return moveNodes(current, { ...places, ...moved });
    }, 'nudge');
  };

  useEffect(() => {
    const isCanvas = () => isHere(frame.current);
    const onCopy = (event: ClipboardEvent) => {
      if (!isCanvas() || selected.size === 0 || String(getSelection()) !== '') return;
      event.preventDefault();
      event.clipboardData?.setData('text/plain', copyText(store.get().present, withMembers(selected, boxes)));
      if (event.type === 'cut') remove(withMembers(selected, boxes));
    };
    const onPaste = (event: ClipboardEvent) => {
      if (!isCanvas()) return;
      event.preventDefault();
      paste(event.clipboardData?.getData('text/plain') ?? '');
    };
    // Before the keys that work on every page.
    addEventListener('keydown', onKeyDown, true);
    addEventListener('copy', onCopy);
    addEventListener('cut', onCopy);
    addEventListener('paste', onPaste);
    return () => {
      removeEventListener('keydown', onKeyDown, true);
      removeEventListener('copy', onCopy);
      removeEventListener('cut', onCopy);
      removeEventListener('paste', onPaste);
    };
  });

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: shortcuts of the canvas inside, which has its own roles
    <div
      ref={frame}
      className="relative min-h-0 flex-1"
      onDragOver={(event) => event.preventDefault()}
      onDrop={onDrop}
    >
      <LinkTargets.Provider value={targets}>
        <Notes.Provider value={noteActions}>
          <GraphCanvas
            label={t('canvas.label', { name: document.name })}
            box={box}
            nodes={nodes}
            edges={edges}
            onReady={(ready) => {
              flow.current = ready;
            }}
            onNodesChange={onNodesChange}
            onEdgesChange={(changes) => pick(changes.filter((change) => change.type === 'select'))}
            onConnectStart={(_, { nodeId, handleId }) =>
              setLinkFrom(nodeId && handleId ? { node: nodeId, handle: handleId } : null)
            }
            onConnect={(connection) => {
              const { from, to } = endsOf(connection);
              store.change((current) => withMetrics(connect(current, from, to), catalog));
            }}
            onConnectEnd={onConnectEnd}
            isValidConnection={(connection) =>
              refusalOf({
                source: connection.source,
                sourceHandle: connection.sourceHandle ?? null,
                target: connection.target,
                targetHandle: connection.targetHandle ?? null,
              }) === null
            }
            connectionRadius={24}
            multiSelectionKeyCode={['Meta', 'Control', 'Shift']}
            selectionKeyCode="Shift"
            onPaneClick={() => setOffer(null)}
            snapToGrid
            snapGrid={[8, 8]}
          >
            <CanvasTools
              undo={() => store.undo()}
              redo={() => store.redo()}
              canUndo={history.past.length > 0}
              canRedo={history.future.length > 0}
              layOut={() => void layOut()}
              addNote={addNoteHere}
              addGroup={selected.size > 0 ? groupSelected : null}
            />
            <LinkReason refusalOf={refusalOf} words={words} />
            {children}
          </GraphCanvas>
        </Notes.Provider>
      </LinkTargets.Provider>
      {nodes.length === 0 && (
        <div className="pointer-events-none absolute inset-0 grid place-items-center p-8 text-center">
          <div>
            <p className="text-14 font-semibold">{t('canvas.emptyTitle')}</p>
            <p className="mt-1 text-13 text-fg-2">{t('canvas.emptyText')}</p>
          </div>
        </div>
      )}
      {offer && (
        <AddMenu
          at={offer.screen}
          fits={offer.fits}
          side={offer.side}
          onPick={take}
          onClose={() => setOffer(null)}
        />
      )}
    </div>
  );
}

interface LinkReasonProps {
  refusalOf: (connection: Connection) => Refusal | null;
  words: (refusal: Refusal) => string;
}

/** While an edge hovers over a port that refuses it: why. */
function LinkReason({ refusalOf, words }: LinkReasonProps) {
  const { fromHandle, toHandle } = useConnection();
  if (!fromHandle || !toHandle || fromHandle.type === toHandle.type) return null;
  const [source, target] = fromHandle.type === 'source' ? [fromHandle, toHandle] : [toHandle, fromHandle];
  const refusal = refusalOf({
    source: source.nodeId,
    sourceHandle: source.id ?? null,
    target: target.nodeId,
    targetHandle: target.id ?? null,
  });
  if (!refusal) return null;
  return (
    <Panel position="top-center" className="m-3!">
      <p
        role="status"
        className="w-max max-w-[460px] rounded-md border border-warning bg-raised px-3 py-1.5 text-12 text-warning shadow-float"
      >
        {words(refusal)}
      </p>
    </Panel>
  );
}
