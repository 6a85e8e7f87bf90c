/** Notes and groups: words on the canvas and frames around steps. They stand in the layout and change nothing that runs. */

import type { Note, PipelineDocument, Position } from './document';
import { type Box, NODE_WIDTH, nodeHeight, onGrid } from './layout';
import type { NodePorts } from './ports';

export type NoteKind = 'note' | 'group';

export const NOTE_COLOURS = ['grey', 'blue', 'teal', 'green', 'amber', 'pink', 'violet'] as const;

const TOKENS: Record<string, string> = {
  grey: 'var(--fg-3)',
  blue: 'var(--kind-train)',
  teal: 'var(--kind-dataset)',
  green: 'var(--kind-serve)',
  amber: 'var(--kind-process)',
  pink: 'var(--kind-infer)',
  violet: 'var(--kind-model)',
};

export const NOTE_SIZE = { width: 232, height: 112 };
export const LEAST_SIZE = { width: 96, height: 48 };
const PADDING = 24;
const TITLE_HEIGHT = 32;

export function noteColour(note: Pick<Note, 'colour'>): string {
  return TOKENS[note.colour ?? 'grey'] ?? 'var(--fg-3)';
}

/** Names of nodes have no `/`, those of notes do. */
export function isNoteName(name: string): boolean {
  return name.includes('/');
}

export function kindOfNote(name: string): NoteKind {
  return name.startsWith('group/') ? 'group' : 'note';
}

export function notesOf(document: PipelineDocument): Record<string, Note> {
  const entries = Object.entries(document.layout ?? {});
  return Object.fromEntries(entries.filter(([name]) => isNoteName(name))) as Record<string, Note>;
}

/** `note/1`, `note/2`, ...: the first that is free. */
export function freeNoteName(kind: NoteKind, taken: Iterable<string>): string {
  const all = new Set(taken);
  let number = 1;
  while (all.has(`${kind}/${number}`)) number += 1;
  return `${kind}/${number}`;
}

export function addNote(
  document: PipelineDocument,
  kind: NoteKind,
  box: Box,
): { document: PipelineDocument; name: string } {
  const name = freeNoteName(kind, Object.keys(document.layout ?? {}));
  const note: Note = { ...gridded(box), ...(kind === 'note' ? { colour: 'amber' } : {}) };
  return { document: { ...document, layout: { ...document.layout, [name]: note } }, name };
}

/** Change a note; what becomes empty or usual is left out, as the server writes it. */
export function changeNote(
  document: PipelineDocument,
  name: string,
  change: Partial<Note>,
): PipelineDocument {
  const before = document.layout?.[name];
  if (!before || !isNoteName(name)) return document;
  const { text, colour, ...box } = { ...(before as Note), ...change };
  const note: Note = {
    ...box,
    ...(text ? { text } : {}),
    ...(colour && colour !== 'grey' ? { colour } : {}),
  };
  return { ...document, layout: { ...document.layout, [name]: note } };
}

export function resizeNote(document: PipelineDocument, name: string, box: Box): PipelineDocument {
  const { x, y, width, height } = gridded(box);
  return changeNote(document, name, {
    x,
    y,
    width: Math.max(LEAST_SIZE.width, width),
    height: Math.max(LEAST_SIZE.height, height),
  });
}

/** The boxes of everything on the canvas. */
export function boxesOf(
  document: PipelineDocument,
  layout: Record<string, Position>,
  ports: ReadonlyMap<string, NodePorts>,
): Map<string, Box> {
  const boxes = new Map<string, Box>(Object.entries(notesOf(document)));
  for (const { id } of document.nodes ?? []) {
    const at = layout[id];
    if (at) boxes.set(id, { x: at.x, y: at.y, width: NODE_WIDTH, height: nodeHeight(ports.get(id)) });
  }
  return boxes;
}

/** What stands in a group: everything whose middle is inside its frame, except frames that are larger than it. */
export function membersOf(name: string, boxes: ReadonlyMap<string, Box>): string[] {
  const frame = boxes.get(name);
  if (!frame || kindOfNote(name) !== 'group') return [];
  const area = (box: Box) => box.width * box.height;
  return [...boxes]
    .filter(([other, box]) => {
      if (other === name || (other.startsWith('group/') && area(box) >= area(frame))) return false;
      const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
      return x >= frame.x && x <= frame.x + frame.width && y >= frame.y && y <= frame.y + frame.height;
    })
    .map(([other]) => other);
}

/** The selection and all that its groups hold. */
export function withMembers(names: Iterable<string>, boxes: ReadonlyMap<string, Box>): Set<string> {
  const all = new Set(names);
  for (const name of [...all]) for (const member of membersOf(name, boxes)) all.add(member);
  return all;
}

/** The frame that goes around things, with room for its title; null around nothing. */
export function frameAround(boxes: Box[]): Box | null {
  if (boxes.length === 0) return null;
  const [x, y] = [Math.min(...boxes.map((box) => box.x)), Math.min(...boxes.map((box) => box.y))];
  const right = Math.max(...boxes.map((box) => box.x + box.width));
  const bottom = Math.max(...boxes.map((box) => box.y + box.height));
  return {
    x: x - PADDING,
    y: y - PADDING - TITLE_HEIGHT,
    width: right - x + 2 * PADDING,
    height: bottom - y + 2 * PADDING + TITLE_HEIGHT,
  };
}

/** After steps were placed anew: every group goes around those that it held before. */
export function refitGroups(
  before: PipelineDocument,
  after: PipelineDocument,
  placesBefore: Record<string, Position>,
  ports: ReadonlyMap<string, NodePorts>,
): PipelineDocument {
  const held = boxesOf(before, placesBefore, ports);
  const now = boxesOf(after, after.layout ?? {}, ports);
  let next = after;
  for (const name of Object.keys(notesOf(after)).filter((each) => kindOfNote(each) === 'group')) {
    const members = membersOf(name, held).filter((each) => !isNoteName(each));
    const frame = frameAround(members.flatMap((each) => now.get(each) ?? []));
    if (frame) next = resizeNote(next, name, frame);
  }
  return next;
}

function gridded(box: Box): Box {
  return { x: onGrid(box.x), y: onGrid(box.y), width: onGrid(box.width), height: onGrid(box.height) };
}
