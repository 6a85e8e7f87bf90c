import { Check } from 'lucide-react';
import type { ReactNode, RefObject } from 'react';
import { Menu as AriaMenu, Header, MenuItem, MenuSection, Separator } from 'react-aria-components';
import { cx } from './cx';
import { shownKeys } from './keys';
import type { MenuAction, MenuGroup, MenuPlacement } from './Menu';
import { menuItemClass, Popover } from './Popover';

interface MenuListProps {
  label: string;
  groups: MenuGroup[];
  placement: MenuPlacement;
  header?: ReactNode;
  trigger: RefObject<Element | null>;
  onClose: () => void;
}

/** The open list of a menu; its code comes when a menu is first pointed at. */
export default function MenuList({ label, groups, placement, header, trigger, onClose }: MenuListProps) {
  return (
    <Popover
      isOpen
      triggerRef={trigger}
      onOpenChange={(isOpen) => !isOpen && onClose()}
      placement={placement}
      aria-label={label}
      className="min-w-48"
    >
      {header}
      <AriaMenu aria-label={label} autoFocus="first" onClose={onClose} className="outline-none">
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
      {item.keys && <kbd className="font-mono text-11 text-fg-3">{shownKeys(item.keys)}</kbd>}
    </MenuItem>
  );
}
