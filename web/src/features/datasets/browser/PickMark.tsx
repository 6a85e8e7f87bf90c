import { Check } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { cx } from '@/ui/cx';

interface PickMarkProps {
  name: string;
  isPicked: boolean;
  /** Whether something is selected, so that the marks of all are to be seen. */
  isPicking: boolean;
  /** Over a picture of any colours. */
  isOnPicture?: boolean;
  onPick: (isRange: boolean) => void;
  className?: string;
}

/** The check of a sample, seen when it is pointed at; keyboards select with x. Stands in a `group/sample`. */
export function PickMark(props: PickMarkProps) {
  const { name, isPicked, isPicking, isOnPicture, onPick, className } = props;
  const { t } = useTranslation('datasets');
  return (
    // biome-ignore lint/a11y/useSemanticElements: a click with Shift selects a range, which an input cannot tell
    <button
      type="button"
      role="checkbox"
      aria-checked={isPicked}
      aria-label={t('picks.select', { name })}
      tabIndex={-1}
      onClick={(event) => onPick(event.shiftKey)}
      className={cx(
        'grid size-6 place-items-center rounded-sm',
        !isPicked && !isPicking && 'opacity-0 group-hover/sample:opacity-100 focus-visible:opacity-100',
        className,
      )}
    >
      <span
        className={cx(
          'grid size-4 place-items-center rounded-sm border',
          isPicked
            ? 'border-accent bg-accent text-on-accent'
            : isOnPicture
              ? 'border-[#ffffffe0] bg-[#10131a80]'
              : 'border-line-strong bg-surface',
        )}
      >
        {isPicked && <Check aria-hidden className="size-3" strokeWidth={3} />}
      </span>
    </button>
  );
}

/** What a click on a sample asks for: with Ctrl, Cmd or Shift to select it, else to open it. */
export function pickedBy(event: React.MouseEvent): 'one' | 'range' | null {
  if (event.shiftKey) return 'range';
  return event.ctrlKey || event.metaKey ? 'one' : null;
}
