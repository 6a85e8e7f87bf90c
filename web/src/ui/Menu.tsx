import type { LucideIcon } from 'lucide-react';
import { cloneElement, lazy, type ReactElement, type ReactNode, Suspense, useRef, useState } from 'react';
import type { ButtonProps } from 'react-aria-components';

export interface MenuAction {
  id: string;
  label: string;
  icon?: LucideIcon;
  keys?: string;
  href?: string;
  isDanger?: boolean;
  isDisabled?: boolean;
  /** With a value: one of several, and whether it is the one. */
  isChecked?: boolean;
  onAction?: () => void;
}

export interface MenuGroup {
  title?: string;
  items: MenuAction[];
}

export type MenuPlacement = 'bottom start' | 'bottom end' | 'top start' | 'right bottom';

interface MenuProps {
  label: string;
  groups: MenuGroup[];
  placement?: MenuPlacement;
  header?: ReactNode;
  /** The button that opens it: a Button or IconButton. */
  children: ReactNode;
}

const load = () => import('./MenuList');
const MenuList = lazy(load);

/** Actions behind a button, which opens them on press and with the arrow keys. */
export function Menu({ label, groups, placement = 'bottom end', header, children }: MenuProps) {
  const [isOpen, setOpen] = useState(false);
  const around = useRef<HTMLSpanElement>(null);
  const trigger = useRef<Element | null>(null);
  const open = () => {
    trigger.current = around.current?.querySelector('button') ?? around.current;
    setOpen(true);
  };
  const button = cloneElement(children as ReactElement<ButtonProps>, {
    'aria-haspopup': 'menu',
    'aria-expanded': isOpen,
    onPress: open,
    onHoverStart: load,
    onFocus: load,
    onKeyDown: (event) => {
      if (event.key === 'ArrowDown' || event.key === 'ArrowUp') open();
      else event.continuePropagation();
    },
  });
  return (
    <span ref={around} className="contents">
      {button}
      {isOpen && (
        <Suspense>
          <MenuList
            label={label}
            groups={groups}
            placement={placement}
            header={header}
            trigger={trigger}
            onClose={() => setOpen(false)}
          />
        </Suspense>
      )}
    </span>
  );
}
