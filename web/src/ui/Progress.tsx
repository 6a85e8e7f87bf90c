import { ProgressBar } from 'react-aria-components';
import { type Tone, toneColor } from './Badge';
import { cx } from './cx';

interface ProgressProps {
  label: string;
  /** From 0 to 1; null while it is not known. */
  value: number | null;
  tone?: Tone;
  isLabelHidden?: boolean;
  className?: string;
}

export function Progress({ label, value, tone = 'accent', isLabelHidden, className }: ProgressProps) {
  return (
    <ProgressBar
      aria-label={label}
      value={(value ?? 0) * 100}
      isIndeterminate={value === null}
      className={cx('block', className)}
    >
      {({ valueText }) => (
        <>
          {!isLabelHidden && (
            <div className="mb-1 flex justify-between gap-3 text-12 text-fg-2">
              <span className="truncate">{label}</span>
              <span>{value === null ? '' : valueText}</span>
            </div>
          )}
          <div className="h-1 overflow-hidden rounded-full bg-sunken">
            <div
              style={{ width: value === null ? '35%' : `${value * 100}%`, backgroundColor: toneColor(tone) }}
              className={cx('h-full rounded-full', value === null && 'animate-pulse')}
            />
          </div>
        </>
      )}
    </ProgressBar>
  );
}
