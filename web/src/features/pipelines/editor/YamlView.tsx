import { CircleAlert, CircleCheck, TriangleAlert } from 'lucide-react';
import { useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { CopyButton } from '@/ui/CodeBlock';
import type { PipelineDocument } from '@/viz/graph/document';
import type { Problem } from '../api';
import { readYaml, YamlError } from '../yaml/read';
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
  const [fault, setFault] = useState<{ line: number; message: string } | null>(null);
  const numbers = useRef<HTMLDivElement>(null);
  // A draft holds while the document is what was made of it; undo on the canvas brings the written form back.
  const text = draft && (draft.of === document || fault) ? draft.text : written;
  useEffect(() => {
    if (draft && draft.of !== document) setFault(null);
  }, [document, draft]);

  const accept = (next: string) => {
    const read = parse(next);
    if ('message' in read) {
      setFault(read);
      setDraft({ text: next, of: document });
      return;
    }
    setFault(null);
    setDraft({ text: next, of: read.document });
    store.change(read.document, 'yaml');
  };
  const lines = text.split('\n').length;
  return (
    <div className="flex min-h-0 flex-1 bg-surface">
      <div className="flex min-w-0 flex-1 flex-col">
        <div className="flex min-h-0 flex-1 font-mono text-12" style={{ lineHeight: `${LINE_PX}px` }}>
          <div
            ref={numbers}
            aria-hidden
            className="w-12 shrink-0 overflow-hidden border-r border-line bg-bg py-3 pr-2 text-right text-fg-3 select-none"
          >
            {Array.from({ length: lines }, (_, index) => (
              <div
                // biome-ignore lint/suspicious/noArrayIndexKey: the index is the number of the line
                key={index}
                className={fault?.line === index + 1 ? 'font-semibold text-failed' : undefined}
              >
                {index + 1}
              </div>
            ))}
            <div style={{ height: 400 }} />
          </div>
          <textarea
            aria-label={t('yaml.label')}
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
              <span className="truncate text-failed">{t('yaml.fault', fault)}</span>
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
          {problems.map((problem) => (
            <li key={`${problem.path}|${problem.reason}`} className="flex gap-2 text-12">
              {problem.severity === 'error' ? (
                <CircleAlert aria-hidden className="mt-0.5 size-3.5 shrink-0 text-failed" />
              ) : (
                <TriangleAlert aria-hidden className="mt-0.5 size-3.5 shrink-0 text-warning" />
              )}
              <span className="min-w-0">
                <code className="block font-mono text-11 break-all text-fg-3">{problem.path}</code>
                {problem.reason} <span className="text-fg-2">{problem.fix}</span>
              </span>
            </li>
          ))}
        </ul>
      </aside>
    </div>
  );
}

function parse(text: string): { document: PipelineDocument } | { line: number; message: string } {
  try {
    const value = readYaml(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return { line: 1, message: 'schema: kpl.pipeline/v1' };
    }
    const document = value as PipelineDocument;
    const isSound =
      (document.nodes === undefined ||
        (Array.isArray(document.nodes) && document.nodes.every((each) => typeof each?.id === 'string'))) &&
      (document.edges === undefined ||
        (Array.isArray(document.edges) &&
          document.edges.every((each) => typeof each?.from === 'string' && typeof each?.to === 'string')));
    return isSound ? { document } : { line: 1, message: 'nodes: [{id: …}], edges: [{from: …, to: …}]' };
  } catch (error) {
    if (error instanceof YamlError) return { line: error.line, message: error.message };
    throw error;
  }
}
