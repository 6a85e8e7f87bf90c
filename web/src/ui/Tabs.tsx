import type { ReactNode } from 'react';
import { Tabs as AriaTabs, Tab, TabList, TabPanel } from 'react-aria-components';
import { cx } from './cx';

export interface TabItem {
  id: string;
  label: ReactNode;
  count?: number;
  content: ReactNode;
  /** The panel fills the height and scrolls by itself. */
  isFull?: boolean;
}

interface TabsProps {
  label: string;
  items: TabItem[];
  value: string;
  onChange: (id: string) => void;
  className?: string;
  listClassName?: string;
  panelClassName?: string;
}

/** Views of one thing. Keep `value` in the address. */
export function Tabs({ label, items, value, onChange, className, listClassName, panelClassName }: TabsProps) {
  const known = items.some(({ id }) => id === value) ? value : items[0]?.id;
  return (
    <AriaTabs
      selectedKey={known}
      onSelectionChange={(key) => onChange(String(key))}
      className={cx('flex min-h-0 flex-1 flex-col', className)}
    >
      <TabList
        aria-label={label}
        items={items}
        className={cx('flex h-10 shrink-0 gap-5 border-b border-line px-6', listClassName)}
      >
        {(item) => (
          <Tab
            id={item.id}
            className="relative flex cursor-default items-center gap-1.5 text-13 font-medium text-fg-2 outline-none hover:text-fg focus-visible:rounded-sm focus-visible:outline-2 focus-visible:outline-accent selected:text-fg selected:after:absolute selected:after:inset-x-0 selected:after:-bottom-px selected:after:h-0.5 selected:after:bg-accent"
          >
            {item.label}
            {item.count !== undefined && <span className="text-12 font-normal text-fg-3">{item.count}</span>}
          </Tab>
        )}
      </TabList>
      {items.map((item) => (
        <TabPanel
          key={item.id}
          id={item.id}
          className={cx(
            'min-h-0 flex-1 outline-none',
            item.isFull ? 'flex flex-col' : 'overflow-auto',
            panelClassName,
          )}
        >
          {item.content}
        </TabPanel>
      ))}
    </AriaTabs>
  );
}
