import { Minus, Pencil, Plus } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { PipelineDocument } from '@/viz/graph/document';
import { type ChangeKind, changesBetween, isNothing } from './model';

const ICONS = { added: Plus, removed: Minus, changed: Pencil };
const COLOURS: Record<ChangeKind, string> = {
  added: 'text-ok',
  removed: 'text-failed',
  changed: 'text-fg-3',
};

interface ChangeListProps {
  before: PipelineDocument;
  after: PipelineDocument;
  /** How many steps are named before the rest is counted. */
  most?: number;
}

/** What changed from one document to another: steps by name, the rest by number. */
export function ChangeList({ before, after, most = 4 }: ChangeListProps) {
  const { t, i18n } = useTranslation('pipelines');
  const changes = changesBetween(before, after, i18n.language);
  if (isNothing(changes)) return <p className="text-12 text-fg-3">{t('history.nothing')}</p>;
  const rest = [
    changes.nodes.length > most && t('history.more', { count: changes.nodes.length - most }),
    changes.numEdgesAdded > 0 && t('history.linksAdded', { count: changes.numEdgesAdded }),
    changes.numEdgesRemoved > 0 && t('history.linksRemoved', { count: changes.numEdgesRemoved }),
    changes.parameters.length > 0 && t('history.parameters', { names: changes.parameters.join(', ') }),
    changes.isRetold && t('history.retold'),
    changes.numNotes > 0 && t('history.notes', { count: changes.numNotes }),
    changes.numMoved > 0 && t('history.moved', { count: changes.numMoved }),
  ].filter((text) => text !== false);
  return (
    <ul className="space-y-0.5 text-12 text-fg-2">
      {changes.nodes.slice(0, most).map(({ kind, id, title, fields }) => {
        const Icon = ICONS[kind];
        const names = fields.map((field) => field.replace(/^parameters\./, '')).join(', ');
        return (
          <li key={`${kind} ${id}`} className="flex items-baseline gap-1.5">
            <Icon
              role="img"
              aria-label={t(`history.${kind}`)}
              className={`size-3 shrink-0 translate-y-0.5 ${COLOURS[kind]}`}
            />
            <span className="min-w-0 truncate" title={names || undefined}>
              <span className="font-medium text-fg">{title}</span>
              {names && <span className="text-fg-3"> {names}</span>}
            </span>
          </li>
        );
      })}
      {rest.length > 0 && <li className="text-fg-3">{rest.join(' · ')}</li>}
    </ul>
  );
}
