import { ChartScatter, Eraser, Plus, X } from 'lucide-react';
import { type KeyboardEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { IconButton } from '@/ui/IconButton';
import { SegmentedControl, Toggle } from '@/ui/SegmentedControl';
import { TextField } from '@/ui/TextField';
import { isEqual } from '@/viz/form/equal';
import { faultOf, plainSchema } from '@/viz/form/model';
import { DecimalField } from '@/viz/form/SchemaField';
import { boundParameter, type SearchRange } from '@/viz/graph/document';
import { rangeText, type Schema, schemaTitle } from '@/viz/graph/schema';
import { type RangeFault, rangeFault } from '@/viz/search/fit';
import { choicesFor, startRange } from '@/viz/search/search';

interface RangeFieldProps {
  name: string;
  schema: Schema;
  range: SearchRange;
  /** The fixed value beside it, at which the first trial starts; undefined where there is none. */
  value: unknown;
  onChange: (range: SearchRange) => void;
  onFix: () => void;
  /** Takes that value away: the first trial then starts where the default or the method says. */
  onForget: () => void;
  /** What the server says is wrong with it. */
  problem?: string;
}

/** What a searched parameter may be, in the place of its field. */
export function RangeField(props: RangeFieldProps) {
  const { name, schema, range, value, onFix, onForget, problem } = props;
  const { t, i18n } = useTranslation('search');
  const title = schemaTitle(name, plainSchema(schema), i18n.language);
  const listed = choicesFor(schema);
  const fault = rangeFault(schema, range);
  const bound = boundParameter(value);
  const start = value === undefined ? null : (bound ?? shown(value));
  return (
    <fieldset className="rounded-md border border-line bg-bg p-3 pt-2">
      <legend className="sr-only">{t('rangeOf', { name: title })}</legend>
      <div className="mb-1.5 flex items-center gap-1.5">
        <ChartScatter aria-hidden className="size-3.5 shrink-0 text-accent" />
        <span className="min-w-0 flex-1 truncate text-12 font-medium text-fg-2">{title}</span>
        <IconButton size="small" icon={X} label={t('fix', { name: title })} onPress={onFix} />
      </div>
      {listed ? (
        <Choices {...props} options={listed} />
      ) : (
        <Numbers {...props} fault={fault} problem={problem} />
      )}
      {fault?.at === 'choices' && <Wrong>{t(`fault.${fault.code}`)}</Wrong>}
      {problem && !fault && <Wrong>{problem}</Wrong>}
      {start !== null && (
        <p className="mt-1.5 -mb-1.5 flex items-center text-12 text-fg-3">
          <span className="min-w-0 flex-1 truncate">
            {t(bound ? 'firstTrialBound' : 'firstTrial', { value: start })}
          </span>
          <IconButton size="small" icon={Eraser} label={t('forget', { value: start })} onPress={onForget} />
        </p>
      )}
    </fieldset>
  );
}

function Wrong({ children }: { children: string }) {
  return <p className="mt-1.5 text-12 text-failed">{children}</p>;
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Values to try as chips: those that are pressed are tried. */
function Choices({
  range,
  options,
  onChange,
}: Pick<RangeFieldProps, 'range' | 'onChange'> & { options: unknown[] }) {
  const { t } = useTranslation('search');
  const chosen = range.choices ?? [];
  const has = (each: unknown) => chosen.some((other) => isEqual(other, each));
  // What the schema does not know any more stays in sight until it is taken away.
  const all = [...options, ...chosen.filter((each) => !options.some((other) => isEqual(other, each)))];
  const words = (each: unknown) => (typeof each === 'boolean' ? t(`is.${each}`) : shown(each));
  return (
    <div className="flex flex-wrap gap-1.5">
      {all.map((each) => (
        <Toggle
          key={shown(each)}
          isSelected={has(each)}
          onChange={(isOn) =>
            onChange({ choices: all.filter((other) => (isEqual(other, each) ? isOn : has(other))) })
          }
        >
          <span translate={typeof each === 'boolean' ? undefined : 'no'}>{words(each)}</span>
        </Toggle>
      ))}
    </div>
  );
}

type NumbersProps = RangeFieldProps & { fault: RangeFault | null };

/** Between two numbers, or certain ones alone. */
function Numbers(props: NumbersProps) {
  const { schema, range, value, onChange, fault } = props;
  const { t } = useTranslation('search');
  const isListed = range.choices !== undefined;
  const [other, setOther] = useState<SearchRange | null>(null);
  const change = (isListedNext: boolean) => {
    if (isListedNext === isListed) return;
    setOther(range);
    const { min, max } = range;
    const ends = [min, max].filter((each) => typeof each === 'number');
    onChange(other ?? (isListedNext ? { choices: ends } : rangeOfNumbers(schema, range, value)));
  };
  const bounds = rangeText(plainSchema(schema));
  const error = (at: RangeFault['at']) =>
    fault?.at === at ? t(`fault.${fault.code}`, { bounds }) : undefined;
  const end = (at: 'min' | 'max') => (
    <DecimalField
      label={t(at)}
      schema={schema}
      value={range[at]}
      error={error(at)}
      onChange={(next) => onChange({ ...range, [at]: next as number | undefined })}
    />
  );
  return (
    <div className="space-y-2.5">
      <SegmentedControl
        label={t('kind')}
        value={isListed ? 'choices' : 'range'}
        onChange={(kind) => change(kind === 'choices')}
        items={[
          { id: 'range', label: t('range') },
          { id: 'choices', label: t('choices') },
        ]}
      />
      {isListed ? (
        <NumberList schema={schema} choices={range.choices ?? []} onChange={onChange} />
      ) : (
        <>
          <div className="grid grid-cols-2 gap-2.5">
            {end('min')}
            {end('max')}
          </div>
          <div className="grid grid-cols-2 items-start gap-2.5">
            {range.log ? (
              <span />
            ) : (
              <DecimalField
                label={t('step')}
                schema={schema}
                value={range.step}
                placeholder={t('anyStep')}
                error={error('step')}
                onChange={(next) => onChange({ ...range, step: next as number | undefined })}
              />
            )}
            <div className={range.log ? 'col-start-1 row-start-1' : 'pt-6'}>
              <Toggle
                isSelected={range.log === true}
                onChange={(isLog) => onChange({ ...range, log: isLog || undefined, step: undefined })}
              >
                {t('log')}
              </Toggle>
            </div>
          </div>
        </>
      )}
    </div>
  );
}

/** From certain numbers back to a range: between the least and the most of them. */
function rangeOfNumbers(schema: Schema, { choices = [] }: SearchRange, value: unknown): SearchRange {
  const numbers = choices.filter((each): each is number => typeof each === 'number');
  const [min, max] = [Math.min(...numbers), Math.max(...numbers)];
  if (min < max) return { min, max };
  const start = startRange({ ...schema, 'x-search': undefined }, value);
  return start.choices ? { min: 0, max: 1 } : start;
}

interface NumberListProps {
  schema: Schema;
  choices: unknown[];
  onChange: (range: SearchRange) => void;
}

function NumberList({ schema, choices, onChange }: NumberListProps) {
  const { t } = useTranslation('search');
  const [text, setText] = useState('');
  const number = Number(text);
  const isNew = text.trim() !== '' && Number.isFinite(number) && !choices.includes(number);
  const mayAdd = isNew && faultOf(schema, number) === null;
  const add = () => {
    if (!mayAdd) return;
    const sorted = [...choices, number].sort((a, b) => Number(a) - Number(b));
    onChange({ choices: sorted });
    setText('');
  };
  return (
    <div className="space-y-2.5">
      {choices.length > 0 && (
        <ul aria-label={t('choices')} className="flex flex-wrap gap-1.5">
          {choices.map((each) => (
            <li
              key={shown(each)}
              className="flex h-7 items-center gap-0.5 rounded-md border border-accent bg-accent-soft pl-2 text-12 font-medium text-accent tabular-nums"
            >
              {shown(each)}
              <IconButton
                size="small"
                icon={X}
                label={t('removeChoice', { value: shown(each) })}
                onPress={() => onChange({ choices: choices.filter((other) => other !== each) })}
              />
            </li>
          ))}
        </ul>
      )}
      <div className="flex items-end gap-2">
        <TextField
          label={t('addChoice')}
          inputMode="decimal"
          className="min-w-0 flex-1"
          error={isNew && !mayAdd ? t('fault.value', { bounds: rangeText(schema) }) : undefined}
          value={text}
          onChange={setText}
          onKeyDown={(event: KeyboardEvent) => event.key === 'Enter' && add()}
        />
        <IconButton icon={Plus} label={t('addChoice')} isDisabled={!mayAdd} onPress={add} />
      </div>
    </div>
  );
}
