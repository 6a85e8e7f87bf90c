import type { ReactNode } from 'react';
import { FieldError as AriaFieldError, Label as AriaLabel, Text } from 'react-aria-components';

export const inputClass =
  'h-8 w-full min-w-0 rounded-md border border-line-strong bg-surface px-2.5 text-13 text-fg outline-none ' +
  'placeholder:text-fg-3 focus:border-accent focus:ring-2 focus:ring-accent-soft invalid:border-failed ' +
  'disabled:bg-sunken disabled:text-fg-3';

/** What every field takes beside its value. */
export interface FieldParts {
  label: string;
  /** One line of help below. */
  description?: ReactNode;
  /** What is wrong, in place of the help. */
  error?: string;
}

export function FieldLabel({ children }: { children: ReactNode }) {
  return <AriaLabel className="mb-1 block text-12 font-medium text-fg-2">{children}</AriaLabel>;
}

/** The line below a field: its error, else its help. */
export function FieldNote({ description, error }: { description?: ReactNode; error?: string }) {
  if (error) return <AriaFieldError className="mt-1 block text-12 text-failed">{error}</AriaFieldError>;
  return (
    <>
      {description && (
        <Text slot="description" className="mt-1 block text-12 text-fg-3">
          {description}
        </Text>
      )}
      <AriaFieldError className="mt-1 block text-12 text-failed" />
    </>
  );
}
