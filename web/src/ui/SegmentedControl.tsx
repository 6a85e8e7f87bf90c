import type { ReactNode } from 'react';
import { ToggleButton, ToggleButtonGroup } from 'react-aria-components';
import { cx } from './cx';

export interface Segment {
  id: string;
  label: ReactNode;
  /** Needed where `label` has no words. */
  name?: string;
}

interface SegmentedControlProps {
  label: string;
  items: Segment[];
  value: string;
  onChange: (id: string) => void;
}

/** One of two to four, all in sight. */
export function SegmentedControl({ label, items, value, onChange }: SegmentedControlProps) {
  return (
    <ToggleButtonGroup
      aria-label={label}
      selectionMode="single"
      disallowEmptySelection
      selectedKeys={[value]}
      onSelectionChange={(keys) => {
        for (const key of keys) onChange(String(key));
      }}
      className="inline-flex h-7 shrink-0 rounded-md bg-sunken p-0.5"
    >
      {items.map((item) => (
        <ToggleButton
          key={item.id}
          id={item.id}
          aria-label={item.name}
          className={cx(
            'inline-flex items-center gap-1.5 rounded-sm px-2 text-12 font-medium text-fg-2 outline-none hover:text-fg [&_svg]:size-3.5',
            'focus-visible:outline-2 focus-visible:outline-accent selected:bg-surface selected:text-fg',
          )}
        >
          {item.label}
        </ToggleButton>
      ))}
    </ToggleButtonGroup>
  );
}

interface ToggleProps {
  isSelected: boolean;
  onChange: (isSelected: boolean) => void;
  children: ReactNode;
  /** Needed where `children` may be without words. */
  label?: string;
}

/** A button that stays pressed, as in a toolbar. */
export function Toggle({ isSelected, onChange, children, label }: ToggleProps) {
  return (
    <ToggleButton
      isSelected={isSelected}
      onChange={onChange}
      aria-label={label}
      className="inline-flex h-7 shrink-0 items-center gap-1.5 rounded-md border border-line-strong px-2 text-12 font-medium text-fg-2 outline-none hover:text-fg focus-visible:outline-2 focus-visible:outline-accent selected:border-accent selected:bg-accent-soft selected:text-accent [&_svg]:size-3.5"
    >
      {children}
    </ToggleButton>
  );
}
