import { CircleAlert, CircleCheck, TriangleAlert } from 'lucide-react';
import { useEffect, useMemo, useRef, useState } from 'react';
import { Button } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { CopyButton } from '@/ui/CodeBlock';
import { type Mark, type Phrases, TextEditor, type TextEditorHandle } from '@/ui/TextEditor';
import { asDocument, type PipelineDocument } from '@/viz/graph/document';
import type { Problem } from '../api';
import { lineOf, readYaml, YamlFault } from '../yaml/read';
import { writeYaml } from '../yaml/write';
import type { Store } from './history';

interface YamlViewProps {
  store: Store<PipelineDocument>;
  document: PipelineDocument;
  problems: Problem[];
}

/** The same document as text; what is typed here is what the canvas shows. */
export default function YamlView({ store, document, problems }: YamlViewProps) {
  const { t } = useTranslation('pipelines');
  const written = useMemo(() => writeYaml(document), [document]);
  const [draft, setDraft] = useState<{ text: string; of: PipelineDocument } | null>(null);
  const [fault, setFault] = useState<Fault | null>(null);
  const editor = useRef<TextEditorHandle>(null);
  // A draft holds while the document is what was made of it; undo on the canvas brings the written form back.
  const text = draft && (draft.of === document || fault) ? draft.text : written;
  useEffect(() => {
    if (draft && draft.of !== document) setFault(null);
  }, [document, draft]);

  const accept = (next: string) => {
    const read = parse(next);
    if ('code' in read) {
      setFault(read);
      setDraft({ text: next, of: document });
      return;
    }
    setFault(null);
    setDraft({ text: next, of: read.document });
    store.change(read.document, 'yaml');
  };
  const told = useMemo(() => {
    const lines = linesOf(text);
    const nodeIds = (document.nodes ?? []).map(({ id }) => id);
    return problems.map((problem) => ({ ...problem, line: lineOf(lines, nodeIds, problem.path) }));
  }, [text, document, problems]);
  const faultText = fault ? t(`yaml.faults.${fault.code}`, { found: fault.found }) : '';
  const marks = useMemo(
    () => marksOf(told, fault && { ...fault, message: faultText }),
    [told, fault, faultText],
  );
  const phrases = useMemo(() => t('yaml.editor', { returnObjects: true }) as unknown as Phrases, [t]);
  return (
    <div className="flex min-h-0 flex-1 bg-surface">
      <div className="flex min-w-0 flex-1 flex-col">
        <TextEditor
          ref={editor}
          label={t('yaml.label')}
          text={text}
          onChange={accept}
          marks={marks}
          phrases={phrases}
        />
        <p role="status" className="flex h-8 shrink-0 items-center gap-2 border-t border-line px-4 text-12">
          {fault ? (
            <>
              <CircleAlert aria-hidden className="size-3.5 shrink-0 text-failed" />
              <span className="truncate text-failed">
                {t('yaml.fault', {
                  line: fault.line,
                  column: fault.column,
                  message: faultText,
                })}
              </span>
            </>
          ) : (
            <>
              <CircleCheck aria-hidden className="size-3.5 text-ok" />
              <span className="text-fg-3">{t('yaml.inStep')}</span>
            </>
          )}
        </p>
      </div>
      <aside className="w-80 shrink-0 overflow-auto border-l border-line p-4">
        <div className="mb-2 flex items-center justify-between">
          <h2 className="text-12 font-semibold text-fg-2">{t('problems.label')}</h2>
          <CopyButton text={text} label={t('yaml.copy')} />
        </div>
        {problems.length === 0 && <p className="text-12 text-fg-3">{t('problems.none')}</p>}
        <ul className="space-y-3">
          {told.map((problem) => (
            <li key={`${problem.path}|${problem.reason}`} className="flex gap-2 text-12">
              {problem.severity === 'error' ? (
                <CircleAlert aria-hidden className="mt-0.5 size-3.5 shrink-0 text-failed" />
              ) : (
                <TriangleAlert aria-hidden className="mt-0.5 size-3.5 shrink-0 text-warning" />
              )}
              <span className="min-w-0">
                <code className="block font-mono text-11 break-all text-fg-3">{problem.path}</code>
                {problem.reason} <span className="text-fg-2">{problem.fix}</span>
                {problem.line !== null && (
                  <Button
                    onPress={() => editor.current?.goTo(problem.line as number)}
                    className="mt-0.5 block rounded-sm text-accent hover:underline"
                  >
                    {t('yaml.goTo', { line: problem.line })}
                  </Button>
                )}
              </span>
            </li>
          ))}
        </ul>
      </aside>
    </div>
  );
}

type Fault = Pick<YamlFault, 'line' | 'column' | 'found'> & { code: YamlFault['code'] | 'document' };

const NO_DOCUMENT: Fault = { line: 1, column: 1, code: 'document', found: '' };

function parse(text: string): { document: PipelineDocument } | Fault {
  try {
    const document = asDocument(readYaml(text).value);
    return document ? { document } : NO_DOCUMENT;
  } catch (error) {
    if (error instanceof YamlFault) return error;
    throw error;
  }
}

/** What the margin of the text shows. */
function marksOf(
  told: readonly (Problem & { line: number | null })[],
  fault: (Fault & { message: string }) | null,
): Mark[] {
  if (fault) return [{ ...fault, severity: 'error' }];
  return told.flatMap(({ line, severity, reason, fix }) =>
    line === null ? [] : [{ line, severity, message: `${reason} ${fix}`.trim() }],
  );
}

/** Where what stands in the text; nowhere in a text that cannot be read. */
function linesOf(text: string): ReadonlyMap<string, number> {
  try {
    return readYaml(text).lines;
  } catch (error) {
    if (error instanceof YamlFault) return new Map();
    throw error;
  }
}
