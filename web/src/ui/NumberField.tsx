import { Minus, Plus } from 'lucide-react';
import {
  NumberField as AriaNumberField,
  type NumberFieldProps as AriaProps,
  Button,
  Group,
  Input,
} from 'react-aria-components';
import { FieldLabel, FieldNote, type FieldParts } from './Field';

interface NumberFieldProps extends Omit<AriaProps, 'className' | 'children' | 'isInvalid'>, FieldParts {
  placeholder?: string;
  /** Keeps the label for readers only, as in a table. */
  isLabelHidden?: boolean;
  className?: string;
}

/** A number with steps. NaN is empty. */
export function NumberField({
  label,
  description,
  error,
  placeholder,
  isLabelHidden,
  className,
  ...rest
}: NumberFieldProps) {
  const step =
    'grid w-7 place-items-center border-l border-line text-fg-2 hover:bg-sunken disabled:opacity-40';
  return (
    <AriaNumberField
      formatOptions={{ maximumFractionDigits: 12, useGrouping: false }}
      {...rest}
      aria-label={isLabelHidden ? label : undefined}
      isInvalid={Boolean(error)}
      className={className}
    >
      {!isLabelHidden && <FieldLabel>{label}</FieldLabel>}
      <Group className="flex h-8 overflow-hidden rounded-md border border-line-strong bg-surface focus-within:border-accent focus-within:ring-2 focus-within:ring-accent-soft invalid:border-failed disabled:bg-sunken">
        <Input
          placeholder={placeholder}
          className="w-full min-w-0 bg-transparent px-2.5 text-13 text-fg outline-none placeholder:text-fg-3"
        />
        <Button slot="decrement" className={step}>
          <Minus aria-hidden className="size-3.5" />
        </Button>
        <Button slot="increment" className={step}>
          <Plus aria-hidden className="size-3.5" />
        </Button>
      </Group>
      <FieldNote description={description} error={error} />
    </AriaNumberField>
  );
}
