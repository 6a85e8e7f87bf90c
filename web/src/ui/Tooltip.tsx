import type { ReactNode } from 'react';
import { Tooltip as AriaTooltip, Focusable, TooltipTrigger } from 'react-aria-components';
import { shownKeys } from './keys';

interface TooltipProps {
  text: ReactNode;
  keys?: string;
  placement?: 'top' | 'bottom' | 'left' | 'right';
  /** A button or a link of the kit; wrap anything else that can have focus with `Hint`. */
  children: ReactNode;
}

/** Words that appear over a control on hover and focus. */
export function Tooltip({ text, keys, placement = 'bottom', children }: TooltipProps) {
  return (
    <TooltipTrigger delay={400} closeDelay={0}>
      {children}
      <AriaTooltip
        placement={placement}
        offset={6}
        className="max-w-80 rounded-md border border-line bg-raised px-2 py-1 text-12 text-fg shadow-float"
      >
        {text}
        {keys && <kbd className="ml-2 font-mono text-11 text-fg-3">{shownKeys(keys)}</kbd>}
      </AriaTooltip>
    </TooltipTrigger>
  );
}

/** A tooltip on words that are no control; they take focus so that the keyboard reaches it. */
export function Hint({ text, children }: { text: ReactNode; children: ReactNode }) {
  return (
    <Tooltip text={text}>
      <Focusable>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard has to reach the tooltip too */}
        <span role="note" tabIndex={0} className="rounded-sm">
          {children}
        </span>
      </Focusable>
    </Tooltip>
  );
}
