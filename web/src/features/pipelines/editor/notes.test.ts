import { describe, expect, it } from 'vitest';
import { arrange } from '@/viz/graph/arrange';
import type { PipelineDocument } from '@/viz/graph/document';
import { placed } from '@/viz/graph/layout';
import {
  addNote,
  boxesOf,
  changeNote,
  frameAround,
  membersOf,
  notesOf,
  refitGroups,
  resizeNote,
  withMembers,
} from '@/viz/graph/notes';
import { readYaml } from '../yaml/read';
import { writeYaml } from '../yaml/write';
import { copyText, moveNodes, pasteText, removeParts } from './actions';

const NO_PORTS = new Map();
const BASE: PipelineDocument = {
  schema: 'kpl.pipeline/v1',
  name: 'mine',
  nodes: [
    { id: 'a', type: 'dataset', dataset: 'x' },
    { id: 'b', type: 'dataset', dataset: 'y' },
  ],
  layout: { a: { x: 0, y: 0 }, b: { x: 400, y: 0 } },
};
const boxes = (document: PipelineDocument) =>
  boxesOf(document, placed(document, NO_PORTS, arrange), NO_PORTS);

function grouped() {
  const frame = frameAround([boxes(BASE).get('a')].flatMap((box) => box ?? []));
  return addNote(BASE, 'group', frame ?? { x: 0, y: 0, width: 1, height: 1 });
}

describe('notes', () => {
  it('are added under free names, changed and taken away, and steps stay as they are', () => {
    const first = addNote(BASE, 'note', { x: 3, y: 5, width: 232, height: 112 });
    const second = addNote(first.document, 'note', { x: 0, y: 200, width: 232, height: 112 });
    expect([first.name, second.name]).toEqual(['note/1', 'note/2']);
    const told = changeNote(second.document, 'note/2', { text: 'Read me', colour: 'grey' });
    expect(notesOf(told)['note/2']).toEqual({ x: 0, y: 200, width: 232, height: 112, text: 'Read me' });
    const { layout, ...rest } = removeParts(told, ['note/1', 'note/2']);
    expect([rest, layout]).toEqual([
      { schema: BASE.schema, name: BASE.name, nodes: BASE.nodes },
      BASE.layout,
    ]);
  });

  it('survive YAML both ways', () => {
    const { document, name } = addNote(BASE, 'note', { x: 0, y: 0, width: 232, height: 112 });
    const told = changeNote(document, name, { text: 'two\nlines: "quoted" # not a comment', colour: 'pink' });
    expect(readYaml(writeYaml(told)).value).toEqual(told);
  });

  it('keep what they say when they are moved', () => {
    const { document, name } = addNote(BASE, 'note', { x: 0, y: 0, width: 232, height: 112 });
    const moved = moveNodes(changeNote(document, name, { text: 'here' }), { [name]: { x: 80, y: 16 } });
    expect(notesOf(moved)[name]).toMatchObject({ x: 80, y: 16, text: 'here', width: 232 });
  });

  it('do not shrink to nothing', () => {
    const { document, name } = addNote(BASE, 'note', { x: 0, y: 0, width: 232, height: 112 });
    expect(notesOf(resizeNote(document, name, { x: 0, y: 0, width: 1, height: 1 }))[name]).toMatchObject({
      width: 96,
      height: 48,
    });
  });
});

describe('groups', () => {
  it('hold what stands in them, and nothing beside', () => {
    const { document, name } = grouped();
    expect(membersOf(name, boxes(document))).toEqual(['a']);
    expect([...withMembers([name, 'b'], boxes(document))]).toEqual([name, 'b', 'a']);
    expect(membersOf('a', boxes(document))).toEqual([]);
  });

  it('may hold smaller groups, which do not hold them', () => {
    const { document, name } = grouped();
    const all = frameAround([...boxes(document).values()]);
    const outer = addNote(document, 'group', all ?? { x: 0, y: 0, width: 1, height: 1 });
    expect(membersOf(outer.name, boxes(outer.document)).sort()).toEqual(['a', 'b', name]);
    expect(membersOf(name, boxes(outer.document))).toEqual(['a']);
  });

  it('go along when steps are placed anew', () => {
    const { document, name } = grouped();
    const after = moveNodes(document, { a: { x: 800, y: 320 } });
    const next = refitGroups(document, after, document.layout ?? {}, NO_PORTS);
    expect(membersOf(name, boxes(next))).toEqual(['a']);
  });

  it('are copied with their steps and pasted under free names', () => {
    const { document, name } = grouped();
    const told = changeNote(document, name, { text: 'Data' });
    const pasted = pasteText(told, copyText(told, [name, 'a']));
    expect(pasted?.ids).toEqual(['a-2', 'group/2']);
    const twice = pasted?.document ?? BASE;
    expect(notesOf(twice)['group/2']).toMatchObject({ text: 'Data' });
    expect(membersOf('group/2', boxes(twice))).toContain('a-2');
  });
});
