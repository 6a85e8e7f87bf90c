import type { LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import { CodeBlock } from './CodeBlock';

interface EmptyStateProps {
  icon: LucideIcon;
  title: string;
  /** One line of what would be here. */
  children?: ReactNode;
  /** The main thing to do. */
  action?: ReactNode;
  /** The same from the command line. */
  command?: string;
}

/** Nothing here yet: what it is for, and how to begin. */
export function EmptyState({ icon: Icon, title, children, action, command }: EmptyStateProps) {
  return (
    <div className="mx-auto flex max-w-md flex-col items-center px-6 py-16 text-center">
      <span className="grid size-11 place-items-center rounded-lg border border-line bg-surface text-fg-3">
        <Icon aria-hidden className="size-5" />
      </span>
      <h2 className="mt-4 text-14 font-semibold">{title}</h2>
      {children && <p className="mt-1 text-13 text-fg-2">{children}</p>}
      {action && <div className="mt-4 flex gap-2">{action}</div>}
      {command && (
        <div className="mt-5 w-full text-left">
          <CodeBlock code={command} />
        </div>
      )}
    </div>
  );
}
