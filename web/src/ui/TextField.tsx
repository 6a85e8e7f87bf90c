import { Search, X } from 'lucide-react';
import {
  SearchField as AriaSearchField,
  TextField as AriaTextField,
  type TextFieldProps as AriaTextFieldProps,
  Button,
  Input,
  TextArea,
} from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { cx } from './cx';
import { FieldLabel, FieldNote, type FieldParts, inputClass } from './Field';

interface TextFieldProps
  extends Omit<AriaTextFieldProps, 'className' | 'children' | 'isInvalid'>,
    FieldParts {
  placeholder?: string;
  isMultiline?: boolean;
  rows?: number;
  isMono?: boolean;
  className?: string;
}

/** A line of text, or several with `isMultiline`. */
export function TextField(props: TextFieldProps) {
  const { label, description, error, placeholder, isMultiline, rows = 4, isMono, className, ...rest } = props;
  const look = cx(inputClass, isMono && 'font-mono text-12');
  return (
    <AriaTextField {...rest} isInvalid={Boolean(error)} className={className}>
      <FieldLabel>{label}</FieldLabel>
      {isMultiline ? (
        <TextArea rows={rows} placeholder={placeholder} className={cx(look, 'h-auto py-1.5 leading-5')} />
      ) : (
        <Input placeholder={placeholder} className={look} />
      )}
      <FieldNote description={description} error={error} />
    </AriaTextField>
  );
}

interface SearchFieldProps {
  /** Read out; shown as the placeholder too. */
  label: string;
  value: string;
  onChange: (value: string) => void;
  className?: string;
  id?: string;
}

/** Narrows what stands below it. Escape empties it. */
export function SearchField({ label, value, onChange, className, id }: SearchFieldProps) {
  const { t } = useTranslation();
  return (
    <AriaSearchField
      aria-label={label}
      value={value}
      onChange={onChange}
      className={cx('relative', className)}
      id={id}
    >
      <Search aria-hidden className="pointer-events-none absolute top-2 left-2.5 size-4 text-fg-3" />
      <Input
        placeholder={label}
        className={cx(inputClass, 'px-8 [&::-webkit-search-cancel-button]:hidden')}
      />
      {value !== '' && (
        <Button
          aria-label={t('clear')}
          className="absolute top-1.5 right-1.5 grid size-5 place-items-center rounded-sm text-fg-3 hover:text-fg"
        >
          <X aria-hidden className="size-3.5" />
        </Button>
      )}
    </AriaSearchField>
  );
}
