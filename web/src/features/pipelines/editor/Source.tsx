import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Select } from '@/ui/Select';
import { nodeTitle, type PipelineDocument, parseEnd } from '@/viz/graph/document';
import { allPorts, type Catalog, sourcesOf } from '@/viz/graph/ports';

const NOTHING = '';

interface SourceProps {
  document: PipelineDocument;
  catalog: Catalog;
  to: string;
  label: string;
  /** Below a port that is named already. */
  isSmall?: boolean;
  onChange: (to: string, from: string | null) => void;
}

/** What feeds an input, chosen from the outputs that fit: the same as drawing a link, without a mouse. */
export function Source({ document, catalog, to, label, isSmall = false, onChange }: SourceProps) {
  const { t, i18n } = useTranslation('pipelines');
  const all = useMemo(() => allPorts(document, catalog), [document, catalog]);
  const sources = sourcesOf(document, all, to);
  const now = (document.edges ?? []).find((edge) => edge.to === to)?.from ?? NOTHING;
  const words = (from: string) => {
    const end = parseEnd(from);
    const node = (document.nodes ?? []).find(({ id }) => id === end.node);
    return { label: node ? nodeTitle(node, i18n.language) : end.node, note: end.port };
  };
  // A link that does not fit any more stays in sight until it is changed.
  const shown = now === NOTHING || sources.includes(now) ? sources : [now, ...sources];
  return (
    <Select
      label={label}
      isLabelHidden={isSmall}
      size={isSmall ? 'small' : 'medium'}
      className={isSmall ? 'mt-1 mb-2 w-full' : undefined}
      value={now}
      onChange={(from) => onChange(to, from === NOTHING ? null : from)}
      options={[
        { id: NOTHING, label: t(sources.length > 0 ? 'inspector.fedByNothing' : 'inspector.nothingFits') },
        ...shown.map((from) => ({ id: from, ...words(from) })),
      ]}
    />
  );
}
