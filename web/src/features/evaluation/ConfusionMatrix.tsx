import { type KeyboardEvent, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { cx } from '@/ui/cx';
import { Panel } from '@/ui/Panel';
import type { Cell, Filter, matrixOf } from './model';

interface ConfusionMatrixProps {
  matrix: ReturnType<typeof matrixOf>;
  shown: Filter | null;
  onShow: (filter: Partial<Filter>) => void;
}

const STEPS: Record<string, [number, number]> = {
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
};

/** Rows are the true classes, columns the answers; a cell opens its samples. Arrows move from cell to cell. */
export function ConfusionMatrix({ matrix: { columns, rows }, shown, onShow }: ConfusionMatrixProps) {
  const { t } = useTranslation('evaluation');
  const table = useRef<HTMLTableElement>(null);
  const side = columns.length <= 11 ? 46 : columns.length <= 24 ? 30 : 22;
  const longest = Math.max(...columns.map((column) => (column?.name ?? t('noAnswer')).length));
  const headHeight = Math.min(96, 12 + 7 * longest);
  const move = (event: KeyboardEvent<HTMLTableElement>) => {
    const step = STEPS[event.key];
    const at = (event.target as HTMLElement).dataset.at?.split(',').map(Number);
    if (!step || !at) return;
    event.preventDefault();
    const [row, column] = [(at[0] as number) + step[0], (at[1] as number) + step[1]];
    table.current?.querySelector<HTMLElement>(`[data-at="${row},${column}"]`)?.focus();
  };
  const open = ({ label, predicted }: Cell) =>
    onShow(
      predicted === null
        ? { label: label.name, outcome: 'unanswered' }
        : { label: label.name, predicted: predicted.name },
    );
  const isShown = ({ label, predicted }: Cell) =>
    shown?.label === label.name &&
    (predicted === null ? shown.outcome === 'unanswered' : shown.predicted === predicted.name);
  return (
    <Panel title={t('matrix.title')} aside={t('matrix.axes')}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached with the keyboard */}
      <section className="overflow-auto p-4" aria-label={t('matrix.title')} tabIndex={0}>
        <table ref={table} onKeyDown={move} className="border-separate border-spacing-0.5 text-11">
          <caption className="sr-only">{t('matrix.axes')}</caption>
          <thead>
            <tr>
              <td />
              {columns.map((column) => (
                <th
                  key={column?.class_id ?? 'none'}
                  scope="col"
                  className="max-w-0 pb-1 align-bottom font-normal"
                  style={{ minWidth: side, width: side, height: headHeight }}
                >
                  <span
                    className="mx-auto block max-h-24 truncate text-left text-fg-2 [writing-mode:vertical-rl] rotate-180"
                    title={column?.name ?? t('noAnswer')}
                  >
                    {column === null ? <i>{t('noAnswer')}</i> : column.name}
                  </span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((cells, row) => (
              <tr key={cells[0]?.label.class_id}>
                <th scope="row" className="max-w-32 truncate pr-2 text-right font-normal text-fg-2">
                  <span title={cells[0]?.label.name}>{cells[0]?.label.name}</span>
                </th>
                {cells.map((cell, column) => (
                  <td key={cell.predicted?.class_id ?? 'none'} className="p-0">
                    <CellButton
                      cell={cell}
                      side={side}
                      at={`${row},${column}`}
                      isFirst={row === 0 && column === 0}
                      isShown={isShown(cell)}
                      onPress={() => open(cell)}
                    />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </Panel>
  );
}

interface CellButtonProps {
  cell: Cell;
  side: number;
  at: string;
  isFirst: boolean;
  isShown: boolean;
  onPress: () => void;
}

function CellButton({ cell, side, at, isFirst, isShown, onPress }: CellButtonProps) {
  const { t } = useTranslation('evaluation');
  const { share, compact } = useFormat();
  const { label, predicted, count } = cell;
  const isRight = predicted?.class_id === label.class_id;
  const hue = isRight ? '--ok' : predicted === null ? '--queued' : '--failed';
  // Rare mistakes must be seen, too: colour begins at 8 % and grows with the root of the share.
  const strength = count === 0 ? 0 : 8 + 27 * Math.sqrt(cell.share);
  const name = t('matrix.cell', {
    label: label.name,
    predicted: predicted?.name ?? t('noAnswer'),
    count,
    share: share(cell.share),
  });
  return (
    <button
      type="button"
      data-at={at}
      tabIndex={isFirst ? 0 : -1}
      disabled={count === 0}
      aria-label={name}
      title={name}
      aria-pressed={isShown}
      onClick={onPress}
      style={{
        width: side,
        height: side,
        backgroundColor:
          count === 0 ? undefined : `color-mix(in srgb, var(${hue}) ${strength}%, var(--surface))`,
      }}
      className={cx(
        'grid place-items-center rounded-[3px] tabular-nums',
        count === 0 ? 'bg-bg' : 'text-fg hover:outline hover:outline-fg-3',
        isShown && 'outline-2 outline-accent',
      )}
    >
      {count > 0 && side >= 30 ? compact(count) : ''}
    </button>
  );
}
