import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { toneColor } from '@/ui/Badge';
import { cx } from '@/ui/cx';
import { StateIcon, stateLook } from '@/ui/StateChip';
import { useNow } from '@/ui/Time';
import type { PipelineDocument } from '@/viz/graph/document';
import { useNodeTitle } from '@/viz/graph/useNodeTitle';
import type { RunDetail, Task } from '../api';
import { barOf, isOver, type Span, spanOf, ticks } from '../model';

interface TimelineProps {
  run: RunDetail;
  selected: string | undefined;
  onPick: (name: string | undefined) => void;
}

/** When each step waited and ran. */
export function Timeline({ run, selected, onPick }: TimelineProps) {
  const { t } = useTranslation('runs');
  const { duration } = useFormat();
  const now = useNow(isOver(run.state) ? null : 1000);
  const own = run.tasks.filter(({ state }) => state !== 'reused');
  const end = run.finished_at ? Date.parse(run.finished_at) : now;
  // A service goes on after its run; here it is shown until the run was over.
  const span = limited(spanOf(own.length > 0 ? own : run.tasks, end), run, end);
  const length_s = (span.end_ms - span.begin_ms) / 1000;
  const document = run.document as unknown as PipelineDocument;
  const titleOf = useNodeTitle(document, run.parameters);
  const nodes = new Map((document.nodes ?? []).map((node) => [node.id, node]));
  return (
    <div className="h-full overflow-auto bg-surface">
      <div className="grid min-w-[720px] grid-cols-[200px_minmax(0,1fr)] px-6 py-3">
        <span />
        <div className="relative h-6 text-11 text-fg-3" aria-hidden>
          {ticks(length_s).map((at) => (
            <span
              key={at}
              className={cx('absolute', at > 0 && '-translate-x-1/2')}
              style={{ left: `${(at / length_s) * 100}%` }}
            >
              {at === 0 ? '0' : duration(at)}
            </span>
          ))}
        </div>
        {run.tasks.map((task) => {
          const node = nodes.get(task.name);
          return (
            <button
              key={task.id}
              type="button"
              aria-pressed={task.name === selected}
              onClick={() => onPick(task.name === selected ? undefined : task.name)}
              className={cx(
                'col-span-2 grid h-9 grid-cols-subgrid items-center rounded-md text-left',
                task.name === selected ? 'bg-accent-soft' : 'hover:bg-sunken',
              )}
            >
              <span className="flex items-center gap-2 truncate pr-3 pl-1.5">
                <StateIcon state={task.state} />
                <span translate="no" className="truncate">
                  {node ? titleOf(node) : task.name}
                </span>
              </span>
              <Track task={task} span={span} now={end} length_s={length_s} label={t('page.waited')} />
            </button>
          );
        })}
      </div>
    </div>
  );
}

function limited(span: Span, run: RunDetail, end: number): Span {
  return isOver(run.state) ? { ...span, end_ms: Math.max(span.begin_ms + 1000, end) } : span;
}

interface TrackProps {
  task: Task;
  span: Span;
  now: number;
  length_s: number;
  label: string;
}

function Track({ task, span, now, length_s, label }: TrackProps) {
  const { t } = useTranslation('runs');
  const { duration } = useFormat();
  const colour = toneColor(stateLook(task.state).tone);
  if (task.state === 'reused') {
    return (
      <span className="text-11" style={{ color: colour }}>
        {task.why || t('state.reused', { ns: 'common' })}
      </span>
    );
  }
  const bar = barOf(task, span, now);
  const isNarrow = bar.width < 0.08;
  const text = task.started_at
    ? duration(
        Math.max(
          0,
          (Math.min(now, task.finished_at ? Date.parse(task.finished_at) : now) -
            Date.parse(task.started_at)) /
            1000,
        ),
      )
    : '';
  return (
    <span className="relative block h-full">
      {ticks(length_s).map((at) => (
        <span
          key={at}
          aria-hidden
          className="absolute inset-y-0 w-px bg-line"
          style={{ left: `${(at / length_s) * 100}%` }}
        />
      ))}
      {bar.waitWidth > 0.002 && (
        <span
          title={label}
          className="absolute top-1/2 h-px -translate-y-1/2 border-t border-dashed border-line-strong"
          style={{ left: `${bar.waitLeft * 100}%`, width: `${bar.waitWidth * 100}%` }}
        />
      )}
      {task.started_at && (
        <span
          className="absolute inset-y-2 min-w-1 overflow-hidden rounded-sm"
          style={{
            left: `${bar.left * 100}%`,
            width: `${bar.width * 100}%`,
            backgroundColor: `color-mix(in srgb, ${colour} 30%, var(--surface))`,
            boxShadow: `inset 3px 0 ${colour}`,
          }}
        >
          {!isNarrow && <span className="block truncate pl-2 text-11 leading-5 text-fg">{text}</span>}
        </span>
      )}
      {isNarrow && text && (
        <span
          className="absolute top-1/2 -translate-y-1/2 bg-surface/80 px-1 text-11 text-fg-2"
          style={
            bar.left > 0.85
              ? { right: `calc(${(1 - bar.left) * 100}% + 4px)` }
              : { left: `calc(${(bar.left + bar.width) * 100}% + 6px)` }
          }
        >
          {text}
        </span>
      )}
    </span>
  );
}
