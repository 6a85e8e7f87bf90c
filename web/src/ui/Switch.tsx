import type { ReactNode } from 'react';
import { type SwitchProps as AriaProps, Switch as AriaSwitch } from 'react-aria-components';

interface SwitchProps extends Omit<AriaProps, 'className' | 'children'> {
  children: ReactNode;
  description?: ReactNode;
}

/** On or off, at once. */
export function Switch({ children, description, ...rest }: SwitchProps) {
  return (
    <AriaSwitch {...rest} className="group flex items-start gap-3 text-13 text-fg disabled:opacity-50">
      <span className="min-w-0 flex-1">
        <span className="font-medium">{children}</span>
        {description && <span className="block text-12 text-fg-3">{description}</span>}
      </span>
      <span className="mt-0.5 flex h-[18px] w-8 shrink-0 items-center rounded-full bg-line-strong p-0.5 transition-colors duration-100 group-selected:bg-accent group-focus-visible:outline-2 group-focus-visible:outline-offset-1 group-focus-visible:outline-accent">
        <span className="size-3.5 rounded-full bg-surface transition-transform duration-100 group-selected:translate-x-3.5" />
      </span>
    </AriaSwitch>
  );
}
