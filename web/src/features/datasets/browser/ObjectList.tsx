import { CircleCheck, CircleDashed, CircleX } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { cx } from '@/ui/cx';
import { SectionTitle } from '@/ui/Panel';
import { classColour } from '@/viz/palette';
import type { Box } from '../api';
import { type Focus, isLit, type LegendLine, type Source } from './focus';
import type { PredictionState, TruthState } from './matching';

/** A class by its colour and name. */
export function Swatch({ classId, text }: { classId: number | null; text: string }) {
  return (
    <span translate="no" className="inline-flex min-w-0 items-center gap-2 font-medium">
      <span style={{ backgroundColor: classColour(classId) }} className="size-2 shrink-0 rounded-[2px]" />
      <span className="truncate">{text}</span>
    </span>
  );
}

interface LegendProps {
  lines: LegendLine[];
  /** Classes that are not drawn. */
  hidden: readonly number[];
  onToggle: (classId: number) => void;
  focus: Focus | null;
  onFocus: (focus: Focus | null) => void;
}

/** The classes of a sample; pointing at one shows where it is, pressing it hides it. */
export function Legend({ lines, hidden, onToggle, focus, onFocus }: LegendProps) {
  const { t } = useTranslation('datasets');
  const { count, share } = useFormat();
  return (
    <section>
      <SectionTitle>{t('classesTitle')}</SectionTitle>
      <ul className="flex flex-wrap gap-1">
        {lines.map((line) => (
          <li key={line.classId} className="min-w-0">
            <button
              type="button"
              aria-pressed={!hidden.includes(line.classId)}
              title={t('toggleClass')}
              onClick={() => onToggle(line.classId)}
              onMouseEnter={() => onFocus({ classId: line.classId })}
              onMouseLeave={() => onFocus(null)}
              onFocus={() => onFocus({ classId: line.classId })}
              onBlur={() => onFocus(null)}
              className={cx(
                'flex h-6 max-w-full items-center gap-1.5 rounded-md border border-line px-2 text-12',
                focus?.classId === line.classId && 'bg-sunken',
                hidden.includes(line.classId) && 'border-dashed line-through',
              )}
            >
              <Swatch classId={line.classId} text={line.label} />
              <span className="text-fg-2">
                {line.count !== null ? count(line.count) : line.share !== null && share(line.share)}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

interface ObjectListProps {
  title: string;
  source: Source;
  boxes: Box[];
  states: (TruthState | PredictionState | null)[] | null;
  focus: Focus | null;
  onFocus: (focus: Focus | null) => void;
}

/** The objects of a sample, each with its place, and whether labels and predictions agree on it. */
export function ObjectList({ title, source, boxes, states, focus, onFocus }: ObjectListProps) {
  const { t } = useTranslation('datasets');
  const { count } = useFormat();
  return (
    <section>
      <SectionTitle aside={count(boxes.length)}>{title}</SectionTitle>
      <ul onMouseLeave={() => onFocus(null)}>
        {boxes.map((box, index) => {
          const isAlone = focus !== null && isLit(focus, { source, index, box });
          const state = states?.[index] ?? null;
          return (
            <li
              // biome-ignore lint/suspicious/noArrayIndexKey: boxes have no other name, and never change
              key={index}
              onMouseEnter={() => onFocus({ source, index })}
              className={`flex h-7 items-center gap-2 rounded-sm px-1.5 ${isAlone ? 'bg-sunken' : ''}`}
            >
              {state && <StateIcon state={state} name={t(`state.${state}`)} />}
              <Swatch classId={box.class_id} text={box.label} />
              <span className="flex-1" />
              {box.score != null && <span className="text-12 text-fg-2">{box.score.toFixed(2)}</span>}
              <span className="font-mono text-11 whitespace-nowrap text-fg-3">
                {[box.x0, box.y0, box.x1 - box.x0, box.y1 - box.y0].map(Math.round).join(', ')}
              </span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function StateIcon({ state, name }: { state: TruthState | PredictionState; name: string }) {
  const Icon = state === 'matched' ? CircleCheck : state === 'missed' ? CircleDashed : CircleX;
  const tone = state === 'matched' ? 'text-ok' : state === 'missed' ? 'text-warning' : 'text-failed';
  return (
    <span title={name} className={`shrink-0 ${tone}`}>
      <Icon aria-hidden className="size-3.5" />
      <span className="sr-only">{name}</span>
    </span>
  );
}
