import { CircleAlert, CircleCheck, TriangleAlert } from 'lucide-react';
import { useEffect, useMemo, useRef, useState } from 'react';
import { Button } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { CopyButton } from '@/ui/CodeBlock';
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

const LINE_PX = 20;

/** The same document as text; what is typed here is what the canvas shows. */
export default function YamlView({ store, document, problems }: YamlViewProps) {
  const { t } = useTranslation('pipelines');
  const written = useMemo(() => writeYaml(document), [document]);
  const [draft, setDraft] = useState<{ text: string; of: PipelineDocument } | null>(null);
  const [fault, setFault] = useState<Fault | null>(null);
  const numbers = useRef<HTMLDivElement>(null);
  const area = useRef<HTMLTextAreaElement>(null);
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
  const starts = text.split('\n');
  const lines = useMemo(() => linesOf(text), [text]);
  const nodeIds = (document.nodes ?? []).map(({ id }) => id);
  const goTo = (line: number) => {
    const from = starts.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
    area.current?.focus();
    area.current?.setSelectionRange(from, from + (starts[line - 1]?.length ?? 0));
    area.current?.scrollTo({ top: Math.max(0, (line - 4) * LINE_PX) });
  };
  const told = problems.map((problem) => ({ ...problem, line: lineOf(lines, nodeIds, problem.path) }));
  const wrong = new Set(fault ? [fault.line] : told.flatMap(({ line }) => line ?? []));
  return (
    <div className="flex min-h-0 flex-1 bg-surface">
      <div className="flex min-w-0 flex-1 flex-col">
        <div className="flex min-h-0 flex-1 font-mono text-12" style={{ lineHeight: `${LINE_PX}px` }}>
          <div
            ref={numbers}
            aria-hidden
            className="w-12 shrink-0 overflow-hidden border-r border-line bg-bg py-3 pr-2 text-right text-fg-3 select-none"
          >
            {starts.map((_, index) => (
              <div
                // biome-ignore lint/suspicious/noArrayIndexKey: the index is the number of the line
                key={index}
                className={wrong.has(index + 1) ? 'font-semibold text-failed' : undefined}
              >
                {index + 1}
              </div>
            ))}
            <div style={{ height: 400 }} />
          </div>
          <textarea
            ref={area}
            aria-label={t('yaml.label')}
            translate="no"
            aria-invalid={fault !== null}
            spellCheck={false}
            wrap="off"
            value={text}
            onChange={(event) => accept(event.target.value)}
            onScroll={(event) => {
              if (numbers.current) numbers.current.scrollTop = event.currentTarget.scrollTop;
            }}
            onKeyDown={(event) => {
              if (event.key !== 'Tab' || event.shiftKey) return;
              event.preventDefault();
              globalThis.document.execCommand('insertText', false, '  ');
            }}
            className="min-h-0 flex-1 resize-none bg-surface px-4 py-3 whitespace-pre text-fg outline-none"
          />
        </div>
        <p role="status" className="flex h-8 shrink-0 items-center gap-2 border-t border-line px-4 text-12">
          {fault ? (
            <>
              <CircleAlert aria-hidden className="size-3.5 shrink-0 text-failed" />
              <span className="truncate text-failed">
                {t('yaml.fault', {
                  line: fault.line,
                  column: fault.column,
                  message: t(`yaml.faults.${fault.code}`, { found: fault.found }),
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
                    onPress={() => goTo(problem.line as number)}
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

/** Where what stands in the text; nowhere in a text that cannot be read. */
function linesOf(text: string): ReadonlyMap<string, number> {
  try {
    return readYaml(text).lines;
  } catch (error) {
    if (error instanceof YamlFault) return new Map();
    throw error;
  }
}
