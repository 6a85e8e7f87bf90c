import type { LucideIcon } from 'lucide-react';
import { Check } from 'lucide-react';
import type { ReactNode } from 'react';
import {
  Menu as AriaMenu,
  Header,
  MenuItem,
  MenuSection,
  MenuTrigger,
  Separator,
} from 'react-aria-components';
import { cx } from './cx';
import { menuItemClass, Popover } from './Popover';

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

interface MenuProps {
  label: string;
  groups: MenuGroup[];
  placement?: 'bottom start' | 'bottom end' | 'top start' | 'right bottom';
  header?: ReactNode;
  /** The button that opens it. */
  children: ReactNode;
}

/** Actions behind a button. */
export function Menu({ label, groups, placement = 'bottom end', header, children }: MenuProps) {
  return (
    <MenuTrigger>
      {children}
      <Popover placement={placement} className="min-w-48">
        {header}
        <AriaMenu aria-label={label} className="outline-none">
          {groups.map((group, index) => (
            <MenuSection key={group.title ?? index} aria-label={group.title ?? label}>
              {index > 0 && <Separator className="my-1 h-px bg-line" />}
              {group.title && (
                <Header className="px-2 pt-1.5 pb-1 text-11 font-medium text-fg-3">{group.title}</Header>
              )}
              {group.items.map((item) => (
                <Row key={item.id} item={item} />
              ))}
            </MenuSection>
          ))}
        </AriaMenu>
      </Popover>
    </MenuTrigger>
  );
}

function Row({ item }: { item: MenuAction }) {
  const Icon = item.icon;
  return (
    <MenuItem
      id={item.id}
      textValue={item.label}
      href={item.href}
      isDisabled={item.isDisabled}
      onAction={item.onAction}
      className={cx(menuItemClass, item.isDanger && 'text-failed!')}
    >
      {Icon && <Icon aria-hidden className="text-fg-3" />}
      <span className="flex-1">{item.label}</span>
      {item.isChecked && <Check aria-hidden className="text-accent" />}
      {item.isChecked && <span className="sr-only">✓</span>}
      {item.keys && <kbd className="font-mono text-11 text-fg-3">{item.keys}</kbd>}
    </MenuItem>
  );
}
