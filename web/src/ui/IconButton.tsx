import type { LucideIcon } from 'lucide-react';
import { Button as AriaButton, type ButtonProps as AriaButtonProps } from 'react-aria-components';
import { cx } from './cx';
import { Tooltip } from './Tooltip';

interface IconButtonProps extends Omit<AriaButtonProps, 'className' | 'children' | 'aria-label'> {
  icon: LucideIcon;
  /** Its name, read out and shown as its tooltip. */
  label: string;
  /** The shortcut that does the same, shown in the tooltip. */
  keys?: string;
  size?: 'small' | 'medium';
  isActive?: boolean;
  /** Language of the label, where it is not that of the page. */
  lang?: string;
  className?: string;
}

/** A button with a picture only. */
export function IconButton({
  icon: Icon,
  label,
  keys,
  size = 'medium',
  isActive,
  className,
  ...rest
}: IconButtonProps) {
  return (
    <Tooltip text={label} keys={keys}>
      <AriaButton
        {...rest}
        aria-label={label}
        className={cx(
          'inline-grid shrink-0 place-items-center rounded-md transition-colors duration-100 disabled:opacity-40',
          size === 'small' ? 'size-7 [&_svg]:size-[15px]' : 'size-8 [&_svg]:size-4',
          isActive ? 'bg-accent-soft text-accent' : 'text-fg-2 hover:bg-sunken hover:text-fg',
          className,
        )}
      >
        <Icon aria-hidden />
      </AriaButton>
    </Tooltip>
  );
}
