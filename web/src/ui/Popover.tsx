import type { ReactNode } from 'react';
import { Popover as AriaPopover, type PopoverProps } from 'react-aria-components';
import { cx } from './cx';

export const menuItemClass =
  'flex min-h-8 cursor-default items-center gap-2 rounded-md px-2 py-1 text-13 text-fg outline-none ' +
  'focus:bg-sunken disabled:opacity-45 [&_svg]:size-4 [&_svg]:shrink-0';

/** A floating panel beside a control. */
export function Popover({
  children,
  className,
  ...rest
}: Omit<PopoverProps, 'className' | 'children'> & { children: ReactNode; className?: string }) {
  return (
    <AriaPopover
      offset={4}
      {...rest}
      className={cx(
        'overflow-auto rounded-lg border border-line bg-raised p-1 shadow-float outline-none',
        className,
      )}
    >
      {children}
    </AriaPopover>
  );
}
