import type { ReactNode } from 'react';
import { PageHeader } from './PageHeader';
import { SearchField } from './TextField';

interface ListHeaderProps {
  title: string;
  /** How many there are; none while that is not known, or nothing is there. */
  count?: string;
  /** Searches the list; none while there is nothing to search. */
  search?: { label: string; value: string; onChange: (words: string) => void } | false;
  /** Buttons on the right, the main one last. */
  actions?: ReactNode;
}

/** The header of every list: title and count on the left, search and what can be made on the right. */
export function ListHeader({ title, count, search, actions }: ListHeaderProps) {
  return (
    <PageHeader
      title={title}
      count={count}
      actions={
        <>
          {search && <SearchField {...search} className="w-56" />}
          {actions}
        </>
      }
    />
  );
}
