import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { yaml } from '@codemirror/lang-yaml';
import {
  bracketMatching,
  foldGutter,
  foldKeymap,
  HighlightStyle,
  indentOnInput,
  syntaxHighlighting,
} from '@codemirror/language';
import { type Diagnostic, lintGutter, lintKeymap, setDiagnostics } from '@codemirror/lint';
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search';
import { Annotation, Compartment, EditorState, type Extension, Transaction } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { type Ref, useEffect, useImperativeHandle, useRef } from 'react';

/** Something to be said of a line; lines and columns count from 1. */
export interface Mark {
  line: number;
  column?: number;
  severity: 'error' | 'warning';
  message: string;
}

export interface TextEditorHandle {
  /** Selects a line and brings it into view. */
  goTo: (line: number) => void;
}

/** The words of the editor's own panels, by CodeMirror's words for them. */
export type Phrases = Record<string, string>;

interface TextEditorProps {
  label: string;
  text: string;
  onChange: (text: string) => void;
  marks: readonly Mark[];
  phrases: Phrases;
  ref?: Ref<TextEditorHandle>;
}

/** YAML to be edited: colours, folding, search, marks in the margin. What the caller changes is no step of its undo. */
export function TextEditor({ label, text, onChange, marks, phrases, ref }: TextEditorProps) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const changed = useRef(onChange);
  changed.current = onChange;
  const first = useRef(text);

  useEffect(() => {
    const made = new EditorView({
      parent: place.current as HTMLDivElement,
      state: EditorState.create({ doc: first.current, extensions: extensions(changed) }),
    });
    view.current = made;
    return () => {
      view.current = null;
      made.destroy();
    };
  }, []);

  useEffect(() => {
    view.current?.dispatch({
      effects: words.reconfigure([
        EditorState.phrases.of(phrases),
        EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' }),
      ]),
    });
  }, [label, phrases]);

  useEffect(() => {
    const change = view.current && difference(view.current.state.doc.toString(), text);
    if (!change) return;
    view.current?.dispatch({
      changes: change,
      annotations: [fromCaller.of(true), Transaction.addToHistory.of(false)],
    });
  }, [text]);

  useEffect(() => {
    if (!view.current) return;
    const { state } = view.current;
    view.current.dispatch(
      setDiagnostics(
        state,
        marks.map((mark) => placed(state, mark)),
      ),
    );
  }, [marks]);

  useImperativeHandle(ref, () => ({
    goTo: (line) => {
      if (!view.current) return;
      const { from, to } = lineAt(view.current.state, line);
      view.current.focus();
      view.current.dispatch({
        selection: { anchor: from, head: to },
        effects: EditorView.scrollIntoView(from, { y: 'center' }),
      });
    },
  }));

  return <div ref={place} className="min-h-0 flex-1 overflow-hidden" />;
}

const words = new Compartment();
const fromCaller = Annotation.define<boolean>();

function extensions(changed: { current: (text: string) => void }): Extension {
  return [
    lineNumbers(),
    foldGutter(),
    lintGutter(),
    history(),
    drawSelection(),
    indentOnInput(),
    bracketMatching(),
    highlightActiveLine(),
    highlightSelectionMatches(),
    search({ top: true }),
    yaml(),
    syntaxHighlighting(COLOURS),
    keymap.of([
      ...defaultKeymap,
      ...searchKeymap,
      ...historyKeymap,
      ...foldKeymap,
      ...lintKeymap,
      indentWithTab,
    ]),
    THEME,
    words.of([]),
    EditorView.updateListener.of((update) => {
      const isOwn = update.transactions.some((each) => each.docChanged && !each.annotation(fromCaller));
      if (isOwn) changed.current(update.state.doc.toString());
    }),
  ];
}

/** The one stretch that is not the same in two texts; null for equal ones. */
function difference(before: string, after: string): { from: number; to: number; insert: string } | null {
  if (before === after) return null;
  const shorter = Math.min(before.length, after.length);
  let from = 0;
  while (from < shorter && before[from] === after[from]) from += 1;
  let same = 0;
  while (same < shorter - from && before.at(-1 - same) === after.at(-1 - same)) same += 1;
  return { from, to: before.length - same, insert: after.slice(from, after.length - same) };
}

function lineAt({ doc }: EditorState, line: number) {
  return doc.line(Math.min(Math.max(line, 1), doc.lines));
}

function placed(state: EditorState, { line, column, severity, message }: Mark): Diagnostic {
  const { from, to, text } = lineAt(state, line);
  const begin = from + (column ? column - 1 : text.search(/\S|$/));
  return { from: Math.min(begin, to), to, severity, message };
}

const COLOURS = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--kind-train)' },
  { tag: tags.string, color: 'var(--ok)' },
  { tag: [tags.content, tags.attributeValue], color: 'var(--fg)' },
  { tag: [tags.number, tags.bool, tags.null, tags.keyword], color: 'var(--kind-infer)' },
  { tag: tags.comment, color: 'var(--fg-3)', fontStyle: 'italic' },
  { tag: [tags.punctuation, tags.separator, tags.squareBracket, tags.brace], color: 'var(--fg-3)' },
  { tag: tags.invalid, color: 'var(--failed)' },
]);

const FIELD = {
  border: '1px solid var(--line-strong)',
  borderRadius: 'var(--radius-sm)',
  background: 'var(--surface)',
  color: 'var(--fg)',
  fontSize: '12px',
};

const THEME = EditorView.theme({
  '&': { height: '100%', background: 'var(--surface)', color: 'var(--fg)', fontSize: '12px' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--font-mono)', lineHeight: '20px' },
  '.cm-content': { padding: '12px 0', caretColor: 'var(--fg)' },
  '.cm-line': { padding: '0 16px 0 8px' },
  '.cm-cursor': { borderLeftColor: 'var(--fg)' },
  '.cm-gutters': {
    background: 'var(--bg)',
    color: 'var(--fg-3)',
    borderRight: '1px solid var(--line)',
  },
  '.cm-activeLine': { background: 'color-mix(in srgb, var(--accent) 5%, transparent)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    background: 'color-mix(in srgb, var(--accent) 24%, transparent)',
  },
  '.cm-selectionMatch': { background: 'color-mix(in srgb, var(--accent) 14%, transparent)' },
  '.cm-searchMatch': { background: 'color-mix(in srgb, var(--warning) 24%, transparent)' },
  '.cm-searchMatch-selected': { background: 'color-mix(in srgb, var(--warning) 48%, transparent)' },
  '&.cm-focused .cm-matchingBracket': {
    background: 'color-mix(in srgb, var(--accent) 20%, transparent)',
  },
  '.cm-foldPlaceholder': {
    background: 'var(--sunken)',
    border: 'none',
    color: 'var(--fg-2)',
    padding: '0 6px',
  },
  '.cm-panels': { background: 'var(--raised)', color: 'var(--fg)', fontFamily: 'var(--font-sans)' },
  '.cm-panels.cm-panels-top': { borderBottom: '1px solid var(--line)' },
  '.cm-panels.cm-panels-bottom': { borderTop: '1px solid var(--line)' },
  '.cm-panel.cm-search': { padding: '8px 32px 8px 12px' },
  '.cm-panel.cm-search label': { fontSize: '12px', color: 'var(--fg-2)' },
  '.cm-textfield': { ...FIELD, padding: '3px 8px' },
  '.cm-button': { ...FIELD, backgroundImage: 'none', padding: '3px 10px' },
  '.cm-button:hover': { background: 'var(--sunken)' },
  '.cm-tooltip': {
    background: 'var(--raised)',
    color: 'var(--fg)',
    border: '1px solid var(--line)',
    borderRadius: 'var(--radius-md)',
    boxShadow: 'var(--shadow)',
    fontFamily: 'var(--font-sans)',
  },
  '.cm-diagnostic': { padding: '6px 10px', maxWidth: '420px' },
  '.cm-diagnostic-error': { borderLeftColor: 'var(--failed)' },
  '.cm-diagnostic-warning': { borderLeftColor: 'var(--warning)' },
});
