import { useQuery } from '@tanstack/react-query';
import { ReactFlowProvider } from '@xyflow/react';
import { ArrowLeft, History } from 'lucide-react';
import { useEffect, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '@/ui/Button';
import { ErrorState } from '@/ui/ErrorState';
import { Skeleton } from '@/ui/Skeleton';
import { CanvasTools } from '@/viz/graph/CanvasTools';
import type { PipelineDocument } from '@/viz/graph/document';
import { toFlow } from '@/viz/graph/flow';
import { GraphCanvas } from '@/viz/graph/GraphCanvas';
import { bounds, placed, useArrange } from '@/viz/graph/layout';
import { notesToFlow } from '@/viz/graph/NoteNodes';
import { allPorts, type Catalog } from '@/viz/graph/ports';
import { revisionQuery } from '../api';

const NONE: ReadonlySet<string> = new Set();

interface RevisionViewProps {
  project: string;
  name: string;
  revision: number;
  catalog: Catalog;
  onRestore: (document: PipelineDocument) => Promise<void>;
  onBack: () => void;
}

/** An old revision on the canvas, to be looked at and perhaps made the newest. */
export default function RevisionView({
  project,
  name,
  revision,
  catalog,
  onRestore,
  onBack,
}: RevisionViewProps) {
  const { t } = useTranslation('pipelines');
  const { data: document, error, refetch } = useQuery(revisionQuery(project, name, revision));
  const [isRestoring, setRestoring] = useState(false);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => event.key === 'Escape' && onBack();
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  });
  const restore = async () => {
    if (!document) return;
    setRestoring(true);
    await onRestore(document).finally(() => setRestoring(false));
  };
  return (
    <div className="flex min-w-0 flex-1 flex-col">
      <div
        role="status"
        className="flex h-10 shrink-0 items-center gap-2 border-b border-line bg-accent-soft px-4 text-13"
      >
        <History aria-hidden className="size-4 shrink-0 text-accent" />
        <span className="min-w-0 flex-1 truncate">{t('history.looking', { revision })}</span>
        <Button size="small" onPress={onBack}>
          <ArrowLeft aria-hidden />
          {t('history.back')}
        </Button>
        <Button
          size="small"
          variant="primary"
          isDisabled={!document}
          isPending={isRestoring}
          onPress={() => void restore()}
        >
          {t('editor.restore')}
        </Button>
      </div>
      {error && <ErrorState error={error} onRetry={() => void refetch()} />}
      {!error && !document && <Skeleton className="m-4 min-h-0 flex-1" />}
      {document && (
        <ReactFlowProvider key={revision}>
          <Picture document={document} catalog={catalog} label={t('history.looking', { revision })} />
        </ReactFlowProvider>
      )}
    </div>
  );
}

function Picture({
  document,
  catalog,
  label,
}: {
  document: PipelineDocument;
  catalog: Catalog;
  label: string;
}) {
  const arrange = useArrange(document);
  const { nodes, edges, box } = useMemo(() => {
    const ports = allPorts(document, catalog);
    const layout = placed(document, ports, arrange);
    const { nodes, edges } = toFlow(document, ports, layout);
    return { nodes: [...notesToFlow(document, {}, NONE), ...nodes], edges, box: bounds(layout, ports) };
  }, [document, catalog, arrange]);
  return (
    <div className="min-h-0 flex-1">
      <GraphCanvas label={label} box={box} nodes={nodes} edges={edges} isReadOnly hasMiniMap={false}>
        <CanvasTools />
      </GraphCanvas>
    </div>
  );
}
