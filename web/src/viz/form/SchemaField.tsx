import { ChartScatter, Link2, Link2Off, RotateCcw } from 'lucide-react';
import { type KeyboardEvent, useMemo, useState } from 'react';
import { CheckboxGroup, Label } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { Checkbox } from '@/ui/Checkbox';
import { IconButton } from '@/ui/IconButton';
import { Menu, type MenuGroup } from '@/ui/Menu';
import { NumberField } from '@/ui/NumberField';
import { ComboBox, Select } from '@/ui/Select';
import { Switch } from '@/ui/Switch';
import { TextField } from '@/ui/TextField';
import { boundParameter } from '@/viz/graph/document';
import { rangeOf, rangeText, type Schema, schemaTitle, textOf } from '@/viz/graph/schema';
import { isEqual } from './equal';
import {
  choicesOf,
  controlOf,
  faultOf,
  isChanged,
  isNullable,
  listText,
  listValue,
  plainSchema,
  stepOf,
  withDefinitions,
} from './model';

export interface AssetOption {
  id: string;
  label: string;
  note: string;
}

interface SchemaFieldProps {
  name: string;
  schema: Schema;
  /** Undefined: the default holds. */
  value: unknown;
  onChange: (value: unknown) => void;
  /** What a dataset or model may be chosen from. */
  assets?: { dataset: AssetOption[]; model: AssetOption[] };
  /** Binding to parameters of the pipeline, where that is possible. */
  binding?: { parameters: string[]; bind: (parameter: string) => void; expose: () => void };
  /** Puts a range to search in the place of the value, where that is possible. */
  onSearch?: () => void;
  isRequired?: boolean;
  isHelpHidden?: boolean;
  /** What the server says is wrong with the value. */
  problem?: string;
}

/** The field of one parameter, made from its JSON Schema. */
export function SchemaField(props: SchemaFieldProps) {
  const { name, value, onChange, binding, onSearch } = props;
  const { t, i18n } = useTranslation('pipelines');
  const bound = boundParameter(value);
  const schema = useMemo(() => plainSchema(props.schema), [props.schema]);
  const title = schemaTitle(name, schema, i18n.language);
  const mayReset = bound === null && schema.default !== undefined && isChanged(schema, value);
  return (
    <div className="group/field relative">
      <div className="absolute -top-1.5 right-0 z-1 flex items-center">
        {mayReset && (
          <span className="mr-0.5 max-w-28 truncate text-11 text-fg-3">
            {t('form.default', { value: shown(schema.default) })}
          </span>
        )}
        {mayReset && (
          <IconButton
            size="small"
            icon={RotateCcw}
            label={t('form.reset', { value: shown(schema.default) })}
            onPress={() => onChange(undefined)}
          />
        )}
        {onSearch && (
          <span className={QUIET}>
            <IconButton
              size="small"
              icon={ChartScatter}
              label={t('search.parameter', { name: title })}
              onPress={onSearch}
            />
          </span>
        )}
        {binding && (
          <BindMenu title={title} bound={bound} binding={binding} onUnbind={() => onChange(undefined)} />
        )}
      </div>
      {bound === null ? (
        <Control {...props} schema={schema} title={title} />
      ) : (
        <BoundValue title={title} parameter={bound} />
      )}
    </div>
  );
}

/** In sight while one is at the field. */
const QUIET = 'opacity-0 group-focus-within/field:opacity-100 group-hover/field:opacity-100';

interface BindMenuProps {
  title: string;
  bound: string | null;
  binding: NonNullable<SchemaFieldProps['binding']>;
  onUnbind: () => void;
}

function BindMenu({ title, bound, binding, onUnbind }: BindMenuProps) {
  const { t } = useTranslation('pipelines');
  if (bound !== null) {
    return (
      <IconButton size="small" icon={Link2Off} label={t('form.unbind', { name: bound })} onPress={onUnbind} />
    );
  }
  const groups: MenuGroup[] = [
    { items: [{ id: 'expose', label: t('form.expose'), icon: Link2, onAction: binding.expose }] },
  ];
  if (binding.parameters.length > 0) {
    groups.push({
      title: t('form.bindTo'),
      items: binding.parameters.map((each) => ({
        id: `to-${each}`,
        label: each,
        onAction: () => binding.bind(each),
      })),
    });
  }
  return (
    <span className={QUIET}>
      <Menu label={t('form.bind', { name: title })} groups={groups}>
        <IconButton size="small" icon={Link2} label={t('form.bind', { name: title })} />
      </Menu>
    </span>
  );
}

function BoundValue({ title, parameter }: { title: string; parameter: string }) {
  const { t } = useTranslation('pipelines');
  return (
    <div>
      <div className="mb-1 text-12 font-medium text-fg-2">{title}</div>
      <div className="flex h-8 items-center gap-2 rounded-md border border-dashed border-accent bg-accent-soft px-2.5 text-accent">
        <Link2 aria-hidden className="size-3.5 shrink-0" />
        <span className="truncate font-mono text-12">{parameter}</span>
        <span className="ml-auto shrink-0 text-11">{t('form.isParameter')}</span>
      </div>
    </div>
  );
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value || '""' : JSON.stringify(value);
}

type ControlProps = SchemaFieldProps & { title: string };

function Control(props: ControlProps) {
  const { schema, value, onChange, title, assets, isRequired, isHelpHidden, problem } = props;
  const { t, i18n } = useTranslation('pipelines');
  const given = value === undefined ? schema.default : value;
  const fault = value === undefined && !isRequired ? null : faultOf(schema, value);
  const why =
    fault && fault.code !== 'required' ? t(`form.fault.${fault.code}`, { limit: fault.limit }) : undefined;
  const error = fault?.path && why ? `${fault.path}: ${why}` : (why ?? problem);
  const help = isHelpHidden ? '' : textOf(schema.description, i18n.language).replaceAll('`', '');
  const range = rangeText(schema);
  const notes = [
    schema.deprecated === true ? t('form.deprecated') : '',
    help,
    range && !help.includes(range) ? range : '',
    value === null && isNullable(schema) ? t('form.isNull') : '',
  ];
  const description = notes.filter(Boolean).join(' · ') || undefined;
  const example = [schema.examples].flat()[0];
  const placeholder = example === undefined ? undefined : t('form.example', { value: shown(example) });
  const isReadOnly = schema.readOnly === true;
  const field = { label: title, description, error, isRequired, placeholder, isDisabled: isReadOnly };
  // An emptied field is the default again, or nothing at all where that may be said.
  const empty = isNullable(schema) && schema.default !== null ? null : undefined;
  const control = controlOf(schema);
  switch (control) {
    case 'dataset':
    case 'model':
      return (
        <ComboBox
          {...field}
          options={assets?.[control] ?? []}
          value={typeof given === 'string' ? given : null}
          onChange={onChange}
          placeholder={t(`form.choose.${control}`)}
          emptyText={t(`form.none.${control}`)}
        />
      );
    case 'fixed':
      return <TextField {...field} isDisabled value={shown(schema.const)} />;
    case 'choice': {
      const choices = choicesOf(schema) ?? [];
      const index = choices.findIndex((choice) => isEqual(choice.value, given));
      return (
        <Select
          {...field}
          options={choices.map((choice, place) => ({
            id: String(place),
            label: schemaTitle(String(choice.value), { title: choice.title }, i18n.language),
          }))}
          value={index < 0 ? null : String(index)}
          onChange={(id) => onChange(choices[Number(id)]?.value)}
        />
      );
    }
    case 'choices': {
      const all = schema.items?.enum ?? [];
      const chosen = new Set(Array.isArray(given) ? given.map(String) : []);
      return (
        <CheckboxGroup
          value={[...chosen]}
          isInvalid={error !== undefined}
          isDisabled={isReadOnly}
          // In the order of the schema, and as it has them: numbers stay numbers.
          onChange={(next) => onChange(all.filter((each) => next.includes(String(each))))}
        >
          <Label className="mb-1 block text-12 font-medium text-fg-2">{title}</Label>
          <div className="flex flex-wrap gap-x-4 gap-y-1.5">
            {all.map((each) => (
              <Checkbox key={String(each)} value={String(each)}>
                {String(each)}
              </Checkbox>
            ))}
          </div>
          {description && <p className="mt-1 text-12 text-fg-3">{description}</p>}
          {error && <p className="mt-1 text-12 text-failed">{error}</p>}
        </CheckboxGroup>
      );
    }
    case 'list':
      return (
        <ListField {...field} schema={schema} value={given} onChange={(next) => onChange(next ?? empty)} />
      );
    case 'group':
      return <GroupField {...props} value={given} error={why ? undefined : problem} />;
    case 'boolean':
      return (
        <Switch
          isSelected={given === true}
          onChange={onChange}
          description={error ?? description}
          isDisabled={isReadOnly}
        >
          {title}
        </Switch>
      );
    case 'integer': {
      const { minimum, maximum } = rangeOf(schema);
      return (
        <NumberField
          {...field}
          value={typeof given === 'number' ? given : Number.NaN}
          onChange={(next) => onChange(Number.isNaN(next) ? empty : next)}
          minValue={minimum}
          maxValue={maximum}
          step={(minimum ?? 0) % stepOf(schema) === 0 ? stepOf(schema) : 1}
        />
      );
    }
    case 'number':
      return (
        <DecimalField {...field} schema={schema} value={given} onChange={(next) => onChange(next ?? empty)} />
      );
    case 'json':
      return (
        <JsonField
          {...field}
          value={given}
          onChange={(next) => onChange(next === undefined ? empty : next)}
        />
      );
    default:
      return (
        <TextField
          {...field}
          type={schema.writeOnly === true ? 'password' : (INPUT_TYPES[String(schema.format)] ?? 'text')}
          isMultiline={String(schema.default ?? '').includes('\n')}
          value={given === undefined || given === null ? '' : String(given)}
          onChange={(text) =>
            onChange(
              text !== '' ? text : empty === null ? null : schema.default === undefined ? undefined : '',
            )
          }
        />
      );
  }
}

/** What a browser helps with while one types, by the `format` of a schema. */
const INPUT_TYPES: Record<string, 'email' | 'url'> = { email: 'email', uri: 'url' };

interface TextualProps {
  label: string;
  description?: string;
  error?: string;
  isRequired?: boolean;
  isDisabled?: boolean;
  placeholder?: string;
  value: unknown;
  onChange: (value: unknown) => void;
}

/** A decimal number as it was typed, `1e-4` included; the arrow keys step by its size. */
export function DecimalField({ schema, value, onChange, ...field }: TextualProps & { schema: Schema }) {
  const [draft, setDraft] = useState<string | null>(null);
  const text = draft ?? (value === undefined || value === null ? '' : String(value));
  const accept = (next: string) => {
    setDraft(next);
    const number = Number(next);
    if (next.trim() === '') onChange(undefined);
    else onChange(Number.isFinite(number) ? number : next);
  };
  const step = (event: KeyboardEvent) => {
    const sign = event.key === 'ArrowUp' ? 1 : event.key === 'ArrowDown' ? -1 : 0;
    if (sign === 0) return;
    event.preventDefault();
    const by = stepOf(schema) * (event.shiftKey ? 10 : 1);
    const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = rangeOf(schema);
    const next = Math.min(maximum, Math.max(minimum, (Number(text) || 0) + sign * by));
    accept(String(Number(next.toPrecision(10))));
  };
  return (
    <TextField
      {...field}
      inputMode="decimal"
      value={text}
      onChange={accept}
      onKeyDown={step}
      onBlur={() => setDraft(null)}
    />
  );
}

/** A list of numbers between commas, or of texts, one a line. */
function ListField({ schema, value, onChange, ...field }: TextualProps & { schema: Schema }) {
  const [draft, setDraft] = useState<string | null>(null);
  const isText = schema.items?.type === 'string';
  return (
    <TextField
      {...field}
      isMultiline={isText}
      rows={isText ? 3 : undefined}
      value={draft ?? listText(schema, value)}
      onChange={(text) => {
        setDraft(text);
        onChange(text.trim() === '' && schema.minItems ? undefined : listValue(schema, text));
      }}
      onBlur={() => setDraft(null)}
    />
  );
}

/** An object with fields of its own. */
function GroupField({ schema, value, onChange, title, assets, error }: ControlProps & { error?: string }) {
  const { i18n } = useTranslation('pipelines');
  const given = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  const help = textOf(schema.description, i18n.language).replaceAll('`', '');
  const set = (name: string, next: unknown) => {
    const { [name]: _, ...others } = given;
    onChange(next === undefined ? others : { ...given, [name]: next });
  };
  return (
    <fieldset className="rounded-md border border-line p-3">
      <legend className="px-1 text-12 font-medium text-fg-2">{title}</legend>
      {help && <p className="mb-3 text-12 text-fg-3">{help}</p>}
      <div className="space-y-4">
        {Object.entries(schema.properties ?? {}).map(([name, inner]) => (
          <SchemaField
            key={name}
            name={name}
            schema={withDefinitions(inner, schema)}
            value={given[name]}
            onChange={(next) => set(name, next)}
            assets={assets}
            isRequired={schema.required?.includes(name) && inner.default === undefined}
          />
        ))}
      </div>
      {error && <p className="mt-2 text-12 text-failed">{error}</p>}
    </fieldset>
  );
}

/** A value that no other control fits, as JSON. */
function JsonField({ value, onChange, ...field }: TextualProps) {
  const { t } = useTranslation('pipelines');
  const [draft, setDraft] = useState<string | null>(null);
  const [isBroken, setBroken] = useState(false);
  return (
    <TextField
      {...field}
      error={isBroken ? t('form.fault.json') : field.error}
      isMultiline
      isMono
      rows={2}
      value={draft ?? (value === undefined ? '' : JSON.stringify(value))}
      onChange={(text) => {
        setDraft(text);
        try {
          onChange(text.trim() === '' ? undefined : JSON.parse(text));
          setBroken(false);
        } catch {
          setBroken(true);
        }
      }}
      onBlur={() => !isBroken && setDraft(null)}
    />
  );
}
