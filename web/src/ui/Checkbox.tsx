import { Check, Minus } from 'lucide-react';
import type { ReactNode } from 'react';
import { Checkbox as AriaCheckbox, type CheckboxProps as AriaProps } from 'react-aria-components';
import { cx } from './cx';

interface CheckboxProps extends Omit<AriaProps, 'className' | 'children'> {
  children?: ReactNode;
  className?: string;
}

export function Checkbox({ children, className, ...rest }: CheckboxProps) {
  return (
    <AriaCheckbox
      {...rest}
      className={cx('group flex items-center gap-2 text-13 text-fg disabled:opacity-50', className)}
    >
      {({ isIndeterminate, isSelected }) => (
        <>
          <span className="grid size-4 shrink-0 place-items-center rounded-sm border border-line-strong bg-surface group-focus-visible:outline-2 group-focus-visible:outline-accent group-selected:border-accent group-selected:bg-accent group-indeterminate:border-accent group-indeterminate:bg-accent [&_svg]:size-3 [&_svg]:text-on-accent">
            {isIndeterminate ? (
              <Minus aria-hidden strokeWidth={3} />
            ) : (
              isSelected && <Check aria-hidden strokeWidth={3} />
            )}
          </span>
          {children}
        </>
      )}
    </AriaCheckbox>
  );
}
