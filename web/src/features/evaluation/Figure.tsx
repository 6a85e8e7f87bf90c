import { cx } from '@/ui/cx';

interface FigureProps {
  text: string;
  /** 0 to 1, drawn below the number. */
  bar?: number;
  isNarrow?: boolean;
  title?: string;
  onPress: () => void;
}

/** A number in a table that opens what it counts. */
export function Figure({ text, bar, isNarrow, title, onPress }: FigureProps) {
  return (
    <button
      type="button"
      onClick={onPress}
      title={title}
      className={cx(
        'group/figure inline-flex flex-col items-end tabular-nums',
        isNarrow ? 'min-w-10' : 'w-20',
      )}
    >
      <span className="group-hover/figure:text-accent group-hover/figure:underline">{text}</span>
      {bar !== undefined && (
        <span aria-hidden className="mt-0.5 block h-[3px] w-full rounded-full bg-sunken">
          <span className="block h-full rounded-full bg-accent" style={{ width: `${bar * 100}%` }} />
        </span>
      )}
    </button>
  );
}
