import { type ReactNode, useEffect, useRef, useState } from 'react';
import { PageHeader } from './PageHeader';
import { SearchField } from './TextField';
import { useSettled } from './useSettled';

interface ListHeaderProps {
  title: string;
  /** How many there are; none while that is not known, or nothing is there. */
  count?: string;
  /** Searches the list, a moment after the last letter; none while there is nothing to search. */
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
          {search && <ListSearch {...search} />}
          {actions}
        </>
      }
    />
  );
}

/** What is typed is told once it rests, so that not every letter asks the server; what the address says is followed at once. */
function ListSearch({ label, value, onChange }: Exclude<ListHeaderProps['search'], false | undefined>) {
  const [text, setText] = useState(value);
  const settled = useSettled(text);
  const told = useRef(value);
  const tell = useRef(onChange);
  tell.current = onChange;
  useEffect(() => {
    if (settled === told.current) return;
    told.current = settled;
    tell.current(settled);
  }, [settled]);
  useEffect(() => {
    if (value === told.current) return;
    told.current = value;
    setText(value);
  }, [value]);
  return <SearchField label={label} value={text} onChange={setText} className="w-56" />;
}
