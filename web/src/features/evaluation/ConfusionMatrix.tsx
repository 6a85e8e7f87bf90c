import { type KeyboardEvent, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { cx } from '@/ui/cx';
import { Panel } from '@/ui/Panel';
import { type Cell, type Filter, filterOfCell, isSameFilter, type Matrix } from './model';

interface ConfusionMatrixProps {
  matrix: Matrix;
  isDetection: boolean;
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
export function ConfusionMatrix({ matrix, isDetection, shown, onShow }: ConfusionMatrixProps) {
  const { columns, rows } = matrix;
  const { t } = useTranslation('evaluation');
  const axes = t(isDetection ? 'matrix.axesOfObjects' : 'matrix.axes');
  const table = useRef<HTMLTableElement>(null);
  const side = columns.length <= 11 ? 46 : columns.length <= 24 ? 30 : 22;
  const nothing = t(isDetection ? 'outcome.missed' : 'noAnswer');
  const longest = Math.max(...columns.map((column) => (column?.name ?? nothing).length));
  const headHeight = Math.min(96, 12 + 7 * longest);
  const move = (event: KeyboardEvent<HTMLTableElement>) => {
    const step = STEPS[event.key];
    const at = (event.target as HTMLElement).dataset.at?.split(',').map(Number);
    if (!step || !at) return;
    event.preventDefault();
    const [row, column] = [(at[0] as number) + step[0], (at[1] as number) + step[1]];
    table.current?.querySelector<HTMLElement>(`[data-at="${row},${column}"]`)?.focus();
  };
  return (
    <Panel title={t('matrix.title')} aside={axes}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached with the keyboard */}
      <section className="overflow-auto p-4" aria-label={t('matrix.title')} tabIndex={0}>
        <table ref={table} onKeyDown={move} className="border-separate border-spacing-0.5 text-11">
          <caption className="sr-only">{axes}</caption>
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
                    className="mx-auto block max-h-24 truncate text-left text-fg-2 [text-orientation:sideways] [writing-mode:vertical-rl] rotate-180"
                    title={column?.name ?? nothing}
                  >
                    {column === null ? <i className="pe-1">{nothing}</i> : column.name}
                  </span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ label, cells }, row) => (
              <tr key={label?.class_id ?? 'none'}>
                <th scope="row" className="max-w-32 truncate pr-2 text-right font-normal text-fg-2">
                  {label === null ? (
                    <i>{t('outcome.false_alarm')}</i>
                  ) : (
                    <span title={label.name}>{label.name}</span>
                  )}
                </th>
                {cells.map((cell, column) => (
                  <td key={cell.predicted?.class_id ?? 'none'} className="p-0">
                    <CellButton
                      cell={cell}
                      side={side}
                      at={`${row},${column}`}
                      isFirst={row === 0 && column === 0}
                      isShown={isSameFilter(filterOfCell(cell, isDetection), shown)}
                      onPress={() => onShow(filterOfCell(cell, isDetection))}
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
  const isRight = label !== null && predicted?.class_id === label.class_id;
  const hue = isRight ? '--ok' : predicted === null ? '--queued' : '--failed';
  // Rare mistakes must be seen, too: colour begins at 8 % and grows with the root of the share.
  const strength = count === 0 ? 0 : 8 + 27 * Math.sqrt(cell.share);
  const name = t(
    label === null ? 'matrix.alarms' : predicted === null ? 'matrix.unanswered' : 'matrix.cell',
    {
      label: label?.name,
      predicted: predicted?.name,
      count,
      share: share(cell.share),
    },
  );
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
