import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import type { Position } from '@/viz/graph/document';
import { NodeIcon } from '@/viz/graph/icons';
import type { Fit } from '@/viz/graph/ports';

interface AddMenuProps {
  at: Position;
  fits: Fit[];
  /** Whether what is added is to take an output, or to feed an input. */
  side: 'in' | 'out';
  onPick: (fit: Fit) => void;
  onClose: () => void;
}

/** What fits the port that was drawn onto empty canvas. */
export function AddMenu({ at, fits, side, onPick, onClose }: AddMenuProps) {
  const { t } = useTranslation('pipelines');
  const menu = useRef<HTMLDivElement>(null);
  useEffect(() => {
    menu.current?.querySelector('button')?.focus();
  }, []);
  const title = t(`canvas.${fits.length > 0 ? 'addFitting' : 'nothingFits'}.${side}`);
  const move = (by: number) => {
    const buttons = [...(menu.current?.querySelectorAll('button') ?? [])];
    const index = buttons.indexOf(globalThis.document.activeElement as HTMLButtonElement);
    buttons[(index + by + buttons.length) % buttons.length]?.focus();
  };
  return (
    <div
      ref={menu}
      role="menu"
      tabIndex={-1}
      aria-label={title}
      style={{ left: at.x, top: at.y }}
      className="absolute z-10 max-h-80 w-64 overflow-auto rounded-lg border border-line bg-raised p-1 shadow-float"
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === 'Escape') onClose();
        if (event.key === 'ArrowDown') move(1);
        if (event.key === 'ArrowUp') move(-1);
      }}
    >
      <p className="px-2 pt-1.5 pb-1 text-11 font-medium text-fg-3">{title}</p>
      {fits.map((fit) => (
        <button
          key={fitKey(fit)}
          type="button"
          role="menuitem"
          onClick={() => onPick(fit)}
          className="flex w-full items-center gap-2 rounded-md px-2 py-1.5 text-left hover:bg-sunken focus:bg-sunken focus:outline-none"
        >
          <NodeIcon node={fit.node} size={24} />
          <span className="min-w-0">
            <span className="block truncate text-13 font-medium">{fitTitle(fit, t)}</span>
            <span className="block truncate text-11 text-fg-3">{fitNote(fit, t)}</span>
          </span>
        </button>
      ))}
    </div>
  );
}

/** What is added, and the port of it that is joined where it is one. */
function fitNote({ node, port }: Fit, t: (key: string) => string): string {
  if (node.type === 'condition') return t('condition.note');
  if (!node.algorithm) return t(`node.${node.type}`);
  return port ? `${node.algorithm} · ${port}` : node.algorithm;
}

export function fitKey({ node }: Fit): string {
  return `${node.type} ${node.dataset ?? node.model ?? `${node.algorithm}/${node.function}`}`;
}

export function fitTitle({ node }: Fit, t: (key: string) => string): string {
  if (node.type === 'condition') return t('node.condition');
  return node.dataset ?? node.model ?? t(`function.${node.function}`);
}
