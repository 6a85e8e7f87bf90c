import { Link2, Link2Off, RotateCcw } from 'lucide-react';
import { type KeyboardEvent, useState } from 'react';
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
import { controlOf, faultOf, stepOf } from './model';

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
  isRequired?: boolean;
  isHelpHidden?: boolean;
}

/** The field of one parameter, made from its JSON Schema. */
export function SchemaField(props: SchemaFieldProps) {
  const { name, schema, value, onChange, binding } = props;
  const { t, i18n } = useTranslation('pipelines');
  const bound = boundParameter(value);
  const isChanged = value !== undefined && JSON.stringify(value) !== JSON.stringify(schema.default);
  const title = schemaTitle(name, schema, i18n.language);
  return (
    <div className="group/field relative">
      <div className="absolute -top-1.5 right-0 z-1 flex items-center">
        {isChanged && bound === null && schema.default !== undefined && (
          <IconButton
            size="small"
            icon={RotateCcw}
            label={t('form.reset', { value: shown(schema.default) })}
            onPress={() => onChange(undefined)}
          />
        )}
        {binding && (
          <BindMenu title={title} bound={bound} binding={binding} onUnbind={() => onChange(undefined)} />
        )}
      </div>
      {bound === null ? <Control {...props} title={title} /> : <BoundValue title={title} parameter={bound} />}
    </div>
  );
}

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
    <span className="opacity-0 group-focus-within/field:opacity-100 group-hover/field:opacity-100">
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

function Control({ schema, value, onChange, title, assets, isRequired, isHelpHidden }: ControlProps) {
  const { t, i18n } = useTranslation('pipelines');
  const given = value === undefined ? schema.default : value;
  const fault = value === undefined && !isRequired ? null : faultOf(schema, value);
  const error =
    fault && fault.code !== 'required' ? t(`form.fault.${fault.code}`, { limit: fault.limit }) : undefined;
  const help = isHelpHidden ? '' : textOf(schema.description, i18n.language).replaceAll('`', '');
  const range = rangeText(schema);
  const description =
    [help, range && !help.includes(range) ? range : ''].filter(Boolean).join(' · ') || undefined;
  const field = { label: title, description, error, isRequired };
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
    case 'choice': {
      const choices = schema.enum ?? [];
      return (
        <Select
          {...field}
          options={choices.map((each, index) => ({ id: String(index), label: String(each) }))}
          value={choices.includes(given) ? String(choices.indexOf(given)) : null}
          onChange={(id) => onChange(choices[Number(id)])}
        />
      );
    }
    case 'choices': {
      const chosen = Array.isArray(given) ? given.map(String) : [];
      return (
        <CheckboxGroup value={chosen} onChange={onChange}>
          <Label className="mb-1 block text-12 font-medium text-fg-2">{title}</Label>
          <div className="flex flex-wrap gap-x-4 gap-y-1.5">
            {(schema.items?.enum ?? []).map((each) => (
              <Checkbox key={String(each)} value={String(each)}>
                {String(each)}
              </Checkbox>
            ))}
          </div>
          {description && <p className="mt-1 text-12 text-fg-3">{description}</p>}
        </CheckboxGroup>
      );
    }
    case 'boolean':
      return (
        <Switch isSelected={given === true} onChange={onChange} description={description}>
          {title}
        </Switch>
      );
    case 'integer': {
      const { minimum, maximum } = rangeOf(schema);
      return (
        <NumberField
          {...field}
          value={typeof given === 'number' ? given : Number.NaN}
          onChange={(next) => onChange(Number.isNaN(next) ? undefined : next)}
          minValue={minimum}
          maxValue={maximum}
          step={1}
        />
      );
    }
    case 'number':
      return <DecimalField {...field} schema={schema} value={given} onChange={onChange} />;
    case 'json':
      return <JsonField {...field} value={given} onChange={onChange} />;
    default:
      return (
        <TextField
          {...field}
          value={given === undefined || given === null ? '' : String(given)}
          onChange={(text) => onChange(text === '' && schema.default === undefined ? undefined : text)}
        />
      );
  }
}

interface TextualProps {
  label: string;
  description?: string;
  error?: string;
  isRequired?: boolean;
  value: unknown;
  onChange: (value: unknown) => void;
}

/** A decimal number as it was typed, `1e-4` included; the arrow keys step by its size. */
function DecimalField({ schema, value, onChange, ...field }: TextualProps & { schema: Schema }) {
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
