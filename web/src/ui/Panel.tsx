import type { ReactNode } from 'react';
import { cx } from './cx';

interface PanelProps {
  title?: ReactNode;
  /** At the right end of the title's line. */
  aside?: ReactNode;
  children: ReactNode;
  className?: string;
}

/** A surface with a thin line around, for what belongs together. */
export function Panel({ title, aside, children, className }: PanelProps) {
  return (
    <section className={cx('overflow-hidden rounded-lg border border-line bg-surface', className)}>
      {title && (
        <header className="flex h-10 items-center justify-between gap-3 border-b border-line px-4">
          <h2 className="truncate text-13 font-semibold">{title}</h2>
          {aside && <div className="flex shrink-0 items-center gap-2 text-12 text-fg-3">{aside}</div>}
        </header>
      )}
      {children}
    </section>
  );
}

/** A heading inside a page or a side bar. */
export function SectionTitle({ children, aside }: { children: ReactNode; aside?: ReactNode }) {
  return (
    <div className="mb-2 flex items-baseline justify-between gap-3">
      <h2 className="text-12 font-semibold text-fg-2">{children}</h2>
      {aside && <span className="text-12 text-fg-3">{aside}</span>}
    </div>
  );
}
