import { type ObjectOutcome, OUTCOME_COLOURS } from './outcomes';

/** How the boxes of an outcome are drawn, as a small square: what was missed, or is ignored, has dashes. */
export function OutcomeMark({ outcome }: { outcome: ObjectOutcome }) {
  const isDashed = outcome === 'missed' || outcome === 'ignored';
  return (
    <span
      aria-hidden
      className="inline-grid size-3.5 shrink-0 place-items-center rounded-[3px] bg-[#10131a] align-[-2px]"
    >
      <span
        className="block size-2 border-[1.5px]"
        style={{ borderColor: OUTCOME_COLOURS[outcome], borderStyle: isDashed ? 'dashed' : 'solid' }}
      />
    </span>
  );
}
