import { useQueries } from '@tanstack/react-query';
import { CircleAlert, Server } from 'lucide-react';
import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { cx } from '@/ui/cx';
import { type MachineFilter, machinesQuery } from './api';
import {
  type Device,
  deviceCell,
  type Machine,
  moved,
  PAGE,
  type Place,
  ROW_HEIGHT,
  scrollTo,
  stateOf,
  windowOf,
} from './model';
import { StateBadge } from './StateBadge';
import { useSentences } from './useSentences';

const TALLEST = 480;
const HEAD_HEIGHT = 32;
const FOCUS =
  'outline-none focus-visible:outline-2 focus-visible:-outline-offset-2 focus-visible:outline-accent';

interface MatrixProps {
  wanted: MachineFilter;
  count: number;
  chosen: string | undefined;
  onChoose: (name: string) => void;
}

/**
 * Machines and their devices, a row each. Only rows in view are drawn and fetched. Arrows move through the cells, Enter
 * opens the machine; the line below says what the cell under the pointer or the focus stands for.
 */
export function Matrix({ wanted, count, chosen, onChoose }: MatrixProps) {
  const { t } = useTranslation('cluster');
  const sentences = useSentences();
  const frame = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [active, setActive] = useState<Place>([0, 0]);
  const [hovered, setHovered] = useState<Place | null>(null);
  const wantsFocus = useRef(false);
  const height = Math.min(TALLEST, Math.max(1, count) * ROW_HEIGHT);
  const { rows, pages } = windowOf(top, height, count);
  const answers = useQueries({ queries: pages.map((page) => machinesQuery(wanted, page)) });
  const machineAt = (row: number): Machine | undefined =>
    answers[pages.indexOf(Math.floor(row / PAGE))]?.data?.machines[row % PAGE];

  const columnsOf = (row: number) => 3 + (machineAt(row)?.devices.length ?? 0);
  // What can have the focus has to be there: a place that scrolled away gives it to the first row in view.
  const [row, column] = rows.includes(active[0]) ? active : ([rows[3] ?? rows[0] ?? 0, 0] as Place);
  const focused: Place = [row, Math.min(column, columnsOf(row) - 1)];

  useEffect(() => {
    if (!wantsFocus.current) return;
    wantsFocus.current = false;
    frame.current?.querySelector<HTMLElement>('[data-active]')?.focus({ preventScroll: true });
  });

  const onKeyDown = (event: KeyboardEvent) => {
    const machine = machineAt(focused[0]);
    if ((event.key === 'Enter' || event.key === ' ') && machine) {
      event.preventDefault();
      onChoose(machine.name);
      return;
    }
    const key = event.ctrlKey ? `Control+${event.key}` : event.key;
    const place = moved(focused, key, count, columnsOf(focused[0]));
    if (!place) return;
    event.preventDefault();
    wantsFocus.current = true;
    setHovered(null);
    setActive(place);
    const to = scrollTo(place[0], top, height);
    if (to !== null && frame.current) {
      frame.current.scrollTop = to;
      setTop(to);
    }
  };

  const told = hovered ?? focused;
  const toldMachine = machineAt(told[0]);
  return (
    <div>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: scrolling and leaving are no commands */}
      <div
        ref={frame}
        style={{ height: height + HEAD_HEIGHT }}
        className="overflow-auto"
        onScroll={({ currentTarget }) => setTop(currentTarget.scrollTop)}
        onMouseLeave={() => setHovered(null)}
      >
        <table
          // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: arrows move through its cells
          role="grid"
          aria-label={t('matrix.label')}
          aria-rowcount={count + 1}
          onKeyDown={onKeyDown}
          className="block w-max min-w-full text-left"
        >
          <thead className="sticky top-0 z-10 block bg-surface">
            <tr aria-rowindex={1} className="flex h-8 border-b border-line text-12 text-fg-3">
              <HeadCell className="w-44 pl-4">{t('matrix.machine')}</HeadCell>
              <HeadCell className="w-26">{t('cores')}</HeadCell>
              <HeadCell className="w-26">{t('memory')}</HeadCell>
              <HeadCell className="flex-1 pl-0">{t('devices')}</HeadCell>
            </tr>
          </thead>
          <tbody className="relative block" style={{ height: count * ROW_HEIGHT }}>
            {rows.map((each) => (
              <MatrixRow
                key={each}
                row={each}
                machine={machineAt(each)}
                isChosen={chosen !== undefined && machineAt(each)?.name === chosen}
                focusedColumn={focused[0] === each ? focused[1] : null}
                onChoose={onChoose}
                onFocus={(at) => setActive([each, at])}
                onHover={(at) => setHovered([each, at])}
              />
            ))}
          </tbody>
        </table>
      </div>
      <p className="flex min-h-9 items-center gap-2 border-t border-line px-4 py-1.5 text-12 text-fg-2">
        {toldMachine ? sentences.cell(toldMachine, told[1]) : '–'}
      </p>
      <Legend />
    </div>
  );
}

interface MatrixRowProps {
  row: number;
  /** None while its page is fetched. */
  machine: Machine | undefined;
  isChosen: boolean;
  /** The cell that takes the focus, if it is in this row. */
  focusedColumn: number | null;
  onChoose: (name: string) => void;
  onFocus: (column: number) => void;
  onHover: (column: number) => void;
}

function MatrixRow({ row, machine, isChosen, focusedColumn, onChoose, onFocus, onHover }: MatrixRowProps) {
  const { t } = useTranslation('cluster');
  const sentences = useSentences();
  const cell = (column: number): CellProps => ({
    'data-active': focusedColumn === column ? '' : undefined,
    tabIndex: focusedColumn === column ? 0 : -1,
    'aria-colindex': column + 1,
    onFocus: () => onFocus(column),
    onMouseEnter: () => onHover(column),
  });
  const first = 'flex h-full w-44 shrink-0 items-center gap-2 pr-3 pl-4 font-normal';
  return (
    <tr
      aria-rowindex={row + 2}
      aria-selected={isChosen}
      onClick={() => machine && onChoose(machine.name)}
      style={{ top: row * ROW_HEIGHT, height: ROW_HEIGHT }}
      className={cx(
        'absolute inset-x-0 flex cursor-pointer items-center border-b border-line',
        isChosen ? 'bg-accent-soft' : 'hover:bg-sunken',
      )}
    >
      {machine ? (
        <>
          <th scope="row" {...cell(0)} className={cx(first, FOCUS)}>
            <Server aria-hidden className="size-4 shrink-0 text-fg-3" />
            <span translate="no" className="min-w-0 truncate font-medium" title={machine.name}>
              {machine.name}
            </span>
            {stateOf(machine) !== 'open' && <StateBadge state={stateOf(machine)} />}
          </th>
          <Meter
            held={machine.held_cpu_milli}
            of={machine.cpu_milli}
            label={sentences.cpu(machine)}
            place={cell(1)}
          />
          <Meter
            held={machine.held_memory_mib}
            of={machine.memory_mib}
            label={sentences.memory(machine)}
            place={cell(2)}
          />
          {machine.devices.map((device, index) => (
            <DeviceBox
              key={`${device.kind}${device.index}`}
              device={device}
              label={sentences.device(machine, device)}
              place={cell(3 + index)}
            />
          ))}
          {machine.devices.length === 0 && (
            <td className="px-3 text-12 text-fg-3">{t('matrix.noDevices')}</td>
          )}
        </>
      ) : (
        <th scope="row" {...cell(0)} className={cx(first, FOCUS)}>
          <span className="block h-3 w-32 rounded-sm bg-sunken" />
          <span className="sr-only">{t('matrix.loading')}</span>
        </th>
      )}
    </tr>
  );
}

function HeadCell({ children, className }: { children: string; className: string }) {
  return (
    <th scope="col" className={cx('flex shrink-0 items-center px-3 font-medium', className)}>
      {children}
    </th>
  );
}

interface CellProps {
  tabIndex: number;
  'aria-colindex': number;
  'data-active'?: string;
  onFocus: () => void;
  onMouseEnter: () => void;
}

interface MeterProps {
  held: number;
  of: number;
  label: string;
  place: CellProps;
}

function Meter({ held, of, label, place }: MeterProps) {
  const share = of === 0 ? 0 : held / of;
  return (
    <td {...place} className={cx('flex h-full w-26 shrink-0 items-center gap-1.5 px-3', FOCUS)}>
      <span className="sr-only">{label}</span>
      <span aria-hidden className="h-1.5 flex-1 overflow-hidden rounded-full bg-line">
        <span
          className="block h-full rounded-full bg-accent"
          style={{ width: `${Math.min(1, share) * 100}%` }}
        />
      </span>
      <span aria-hidden className="w-9 text-right text-11 whitespace-nowrap text-fg-2 tabular-nums">
        {Math.round(share * 100)} %
      </span>
    </td>
  );
}

const HATCH =
  'repeating-linear-gradient(135deg, color-mix(in srgb, var(--fg) 16%, transparent) 0 1.5px, transparent 1.5px 6px)';

interface DeviceBoxProps {
  device: Device;
  label: string;
  place: CellProps;
}

function DeviceBox({ device, label, place }: DeviceBoxProps) {
  const { fill, isFree, isShared, isMeasured } = deviceCell(device);
  const text = isFree && fill === 0 ? '–' : Math.round(fill * 100);
  return (
    <td
      {...place}
      className={cx(
        'relative mr-1 flex h-7 w-9 shrink-0 items-center justify-center overflow-hidden rounded-sm border text-11 tabular-nums',
        device.is_healthy ? 'border-line-strong' : 'border-failed',
        FOCUS,
      )}
    >
      <DeviceFill fill={fill} isShared={isShared} />
      <span className="sr-only">{label}</span>
      <span aria-hidden className={cx('relative', isFree && !isMeasured ? 'text-fg-3' : 'text-fg')}>
        {device.is_healthy ? text : <CircleAlert className="size-3.5 text-failed" />}
      </span>
    </td>
  );
}

function DeviceFill({ fill, isShared }: { fill: number; isShared: boolean }) {
  return (
    <>
      <span
        aria-hidden
        className="absolute inset-x-0 bottom-0 bg-[color-mix(in_srgb,var(--accent)_32%,transparent)]"
        style={{ height: `${fill * 100}%` }}
      />
      {isShared && <span aria-hidden className="absolute inset-0" style={{ backgroundImage: HATCH }} />}
    </>
  );
}

/** What fills and marks of device cells mean. */
function Legend() {
  const { t } = useTranslation('cluster');
  const { share } = useFormat();
  const items = [
    { id: 'free', fill: 0, isShared: false, text: '–' },
    { id: 'busy', fill: 0.6, isShared: false, text: '60' },
    { id: 'shared', fill: 0.5, isShared: true, text: '50' },
  ];
  return (
    <ul className="flex flex-wrap items-center gap-x-5 gap-y-1 border-t border-line px-4 py-2 text-11 text-fg-3">
      {items.map(({ id, fill, isShared, text }) => (
        <li key={id} className="flex items-center gap-1.5">
          <span
            aria-hidden
            className="relative grid h-4 w-6 place-items-center overflow-hidden rounded-sm border border-line-strong text-[9px] leading-none text-fg"
          >
            <DeviceFill fill={fill} isShared={isShared} />
            <span className="relative">{text}</span>
          </span>
          {t(`matrix.${id}`, { share: share(fill, 0) })}
        </li>
      ))}
      <li className="flex items-center gap-1.5">
        <CircleAlert aria-hidden className="size-3.5 text-failed" />
        {t('matrix.unhealthy')}
      </li>
    </ul>
  );
}
