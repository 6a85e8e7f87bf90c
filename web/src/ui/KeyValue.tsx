import { Fragment, type ReactNode } from 'react';

export interface Fact {
  label: string;
  value: ReactNode;
  /** The label is a name that a program gave, as of a parameter. */
  isName?: boolean;
}

/** Facts in two columns. What is null or empty is left out. */
export function KeyValue({ facts, labelWidth = '112px' }: { facts: Fact[]; labelWidth?: string }) {
  const shown = facts.filter(({ value }) => value !== null && value !== undefined && value !== '');
  return (
    <dl
      className="grid items-baseline gap-x-3 gap-y-1.5 text-13"
      style={{ gridTemplateColumns: `${labelWidth} minmax(0, 1fr)` }}
    >
      {shown.map(({ label, value, isName }) => (
        <Fragment key={label}>
          <dt className="text-12 text-fg-3" translate={isName ? 'no' : undefined}>
            {label}
          </dt>
          <dd className="min-w-0 break-words">{value}</dd>
        </Fragment>
      ))}
    </dl>
  );
}
