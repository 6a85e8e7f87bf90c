import { type ReactNode, useEffect } from 'react';
import { Breadcrumb, type Crumb } from './Breadcrumb';

interface PageHeaderProps {
  /** Parents of the page; none for a page of the rail. */
  parents?: Crumb[];
  title: string;
  /** The title is a name that somebody gave. */
  isName?: boolean;
  /** How many there are, beside the title. */
  count?: string;
  /** Chips and facts beside the title. */
  children?: ReactNode;
  /** Buttons on the right, the main one last. */
  actions?: ReactNode;
}

/** The bar of 48 px on top of each page: where one is, and what one can do. It names the window too. */
export function PageHeader({ parents = [], title, isName, count, children, actions }: PageHeaderProps) {
  useWindowTitle(title);
  return (
    <header className="flex h-12 shrink-0 items-center gap-3 border-b border-line bg-surface px-6">
      <div className="flex min-w-0 flex-1 items-center gap-3">
        <Breadcrumb crumbs={[...parents, { label: title, isName }]} />
        {count !== undefined && <span className="text-12 text-fg-3">{count}</span>}
        {children}
      </div>
      {actions && <div className="flex shrink-0 items-center gap-2">{actions}</div>}
    </header>
  );
}

/** Names the window, and so its tab and its entry in the history. */
export function useWindowTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · KPL`;
  }, [title]);
}

/** A page: its header, and below what scrolls. */
export function Page({ header, children }: { header: ReactNode; children: ReactNode }) {
  return (
    <div className="flex h-full min-h-0 flex-col">
      {header}
      <div className="min-h-0 flex-1 overflow-auto">{children}</div>
    </div>
  );
}
