import { Check, ChevronDown } from 'lucide-react';
import type { ReactNode } from 'react';
import {
  ComboBox as AriaComboBox,
  Select as AriaSelect,
  Button,
  Input,
  ListBox,
  ListBoxItem,
  SelectValue,
} from 'react-aria-components';
import { cx } from './cx';
import { FieldLabel, FieldNote, type FieldParts, inputClass } from './Field';
import { menuItemClass, Popover } from './Popover';

export interface Option {
  id: string;
  label: string;
  /** A second, quieter word on the right. */
  note?: string;
  icon?: ReactNode;
  isDisabled?: boolean;
}

interface SelectProps extends FieldParts {
  options: Option[];
  value: string | null;
  onChange: (id: string) => void;
  placeholder?: string;
  isDisabled?: boolean;
  isRequired?: boolean;
  name?: string;
  size?: 'small' | 'medium';
  /** Keeps the label for readers only, as in a toolbar. */
  isLabelHidden?: boolean;
  className?: string;
}

function OptionRow({ option }: { option: Option }) {
  return (
    <ListBoxItem
      id={option.id}
      textValue={option.label}
      isDisabled={option.isDisabled}
      className={cx(menuItemClass, 'group')}
    >
      {option.icon}
      <span className="min-w-0 flex-1 truncate">{option.label}</span>
      {option.note && <span className="text-12 text-fg-3">{option.note}</span>}
      <Check aria-hidden className="invisible text-accent group-selected:visible" />
    </ListBoxItem>
  );
}

/** One of few. */
export function Select(props: SelectProps) {
  const { label, description, error, options, value, onChange, placeholder, size = 'medium' } = props;
  return (
    <AriaSelect
      aria-label={props.isLabelHidden ? label : undefined}
      value={value}
      onChange={(key) => key !== null && onChange(String(key))}
      isDisabled={props.isDisabled}
      isRequired={props.isRequired}
      isInvalid={Boolean(error)}
      name={props.name}
      placeholder={placeholder}
      className={props.className}
    >
      {!props.isLabelHidden && <FieldLabel>{label}</FieldLabel>}
      <Button
        className={cx(
          inputClass,
          'flex items-center gap-2 text-left focus-visible:border-accent',
          size === 'small' && 'h-7! text-12!',
        )}
      >
        <SelectValue className="min-w-0 flex-1 truncate placeholder-shown:text-fg-3 [&_[slot=description]]:hidden">
          {({ defaultChildren, isPlaceholder }) =>
            isPlaceholder
              ? defaultChildren
              : (options.find(({ id }) => id === value)?.label ?? defaultChildren)
          }
        </SelectValue>
        <ChevronDown aria-hidden className="size-4 shrink-0 text-fg-3" />
      </Button>
      <FieldNote description={description} error={error} />
      <Popover className="min-w-(--trigger-width)">
        <ListBox items={options} className="outline-none">
          {(option) => <OptionRow option={option} />}
        </ListBox>
      </Popover>
    </AriaSelect>
  );
}

interface ComboBoxProps extends Omit<SelectProps, 'size'> {
  allowsCustomValue?: boolean;
  inputValue?: string;
  onInputChange?: (text: string) => void;
  emptyText?: string;
}

/** One of many: typing narrows the list. */
export function ComboBox(props: ComboBoxProps) {
  const { label, description, error, options, value, onChange } = props;
  return (
    <AriaComboBox
      aria-label={props.isLabelHidden ? label : undefined}
      defaultItems={options}
      value={value}
      onChange={(key) => key !== null && onChange(String(key))}
      inputValue={props.inputValue}
      onInputChange={props.onInputChange}
      allowsCustomValue={props.allowsCustomValue}
      allowsEmptyCollection={props.emptyText !== undefined}
      isDisabled={props.isDisabled}
      isRequired={props.isRequired}
      isInvalid={Boolean(error)}
      name={props.name}
      menuTrigger="focus"
      className={props.className}
    >
      {!props.isLabelHidden && <FieldLabel>{label}</FieldLabel>}
      <div className="relative">
        <Input placeholder={props.placeholder} className={cx(inputClass, 'pr-8')} />
        <Button className="absolute inset-y-0 right-0 grid w-8 place-items-center text-fg-3">
          <ChevronDown aria-hidden className="size-4" />
        </Button>
      </div>
      <FieldNote description={description} error={error} />
      <Popover className="w-(--trigger-width)">
        <ListBox
          className="max-h-72 outline-none"
          renderEmptyState={() => <div className="px-2 py-1.5 text-12 text-fg-3">{props.emptyText}</div>}
        >
          {(option: Option) => <OptionRow option={option} />}
        </ListBox>
      </Popover>
    </AriaComboBox>
  );
}
