import { ArrowDown, ArrowUp } from 'lucide-react';
import { type ReactNode, useRef } from 'react';
import {
  Table as AriaTable,
  Cell,
  Column,
  Row,
  type Selection,
  type SortDescriptor,
  TableBody,
  TableHeader,
} from 'react-aria-components';
import { Checkbox } from './Checkbox';
import { cx } from './cx';

export interface TableColumn<T> {
  id: string;
  title: string;
  cell: (item: T) => ReactNode;
  /** The name of a row for readers: one column has it. */
  isRowHeader?: boolean;
  isSortable?: boolean;
  align?: 'left' | 'right';
  /** As in `w-40`. */
  width?: string;
}

interface TableProps<T> {
  label: string;
  columns: TableColumn<T>[];
  items: T[];
  idOf: (item: T) => string | number;
  /** Where a row leads; the whole row is the link. */
  hrefOf?: (item: T) => string | undefined;
  onRowAction?: (item: T) => void;
  sort?: SortDescriptor;
  onSort?: (sort: SortDescriptor) => void;
  selection?: Selection;
  onSelect?: (selection: Selection) => void;
  empty?: ReactNode;
  className?: string;
}

const align = (side: 'left' | 'right' | undefined) => (side === 'right' ? 'text-right' : 'text-left');

/** Rows of 36 px. Arrows move, Enter opens, Space selects where there is a selection. */
export function Table<T extends object>(props: TableProps<T>) {
  const { label, columns, items, idOf, hrefOf, onRowAction, sort, onSort, selection, onSelect, empty } =
    props;
  const hasSelection = onSelect !== undefined;
  const isLink = hrefOf !== undefined || onRowAction !== undefined;
  const act = useRef(onRowAction);
  act.current = onRowAction;
  return (
    <AriaTable
      aria-label={label}
      sortDescriptor={sort}
      onSortChange={onSort}
      selectionMode={hasSelection ? 'multiple' : 'none'}
      selectedKeys={selection}
      onSelectionChange={onSelect}
      className={cx('w-full border-separate border-spacing-0 text-13 outline-none', props.className)}
    >
      <TableHeader>
        {hasSelection && (
          <Column className="w-8 border-b border-line pl-3">
            <Checkbox slot="selection" />
          </Column>
        )}
        {columns.map((column) => (
          <Column
            key={column.id}
            id={column.id}
            isRowHeader={column.isRowHeader}
            allowsSorting={column.isSortable}
            className={cx(
              'sticky top-0 z-10 h-8 border-b border-line bg-surface px-3 text-12 font-medium whitespace-nowrap text-fg-3 outline-none focus-visible:outline-2 focus-visible:-outline-offset-2 focus-visible:outline-accent',
              align(column.align),
              column.width,
            )}
          >
            {({ sortDirection }) => (
              <span
                className={cx(
                  'inline-flex items-center gap-1',
                  column.isSortable && 'cursor-default hover:text-fg',
                )}
              >
                {column.title}
                {sortDirection === 'ascending' && <ArrowUp aria-hidden className="size-3" />}
                {sortDirection === 'descending' && <ArrowDown aria-hidden className="size-3" />}
              </span>
            )}
          </Column>
        ))}
      </TableHeader>
      <TableBody
        items={items}
        // Rows of items that are the same objects are not drawn anew while these stay the same.
        dependencies={[columns, hrefOf, hasSelection, isLink]}
        renderEmptyState={() => empty ?? null}
      >
        {(item) => (
          <Row
            id={idOf(item)}
            href={hrefOf?.(item)}
            onAction={onRowAction && (() => act.current?.(item))}
            className={cx(
              // Isolated: what changes in one row does not have all of them painted again.
              'group isolate outline-none focus-visible:outline-2 focus-visible:-outline-offset-2 focus-visible:outline-accent selected:bg-accent-soft',
              isLink && 'cursor-pointer hover:bg-sunken',
            )}
          >
            {hasSelection && (
              <Cell className="w-8 border-b border-line pl-3">
                <Checkbox slot="selection" />
              </Cell>
            )}
            {columns.map((column) => (
              <Cell key={column.id} className={cx('h-9 border-b border-line px-3 py-1', align(column.align))}>
                {column.cell(item)}
              </Cell>
            ))}
          </Row>
        )}
      </TableBody>
    </AriaTable>
  );
}
