import { ChevronRight } from 'lucide-react';
import { useState } from 'react';
import { Button } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { cx } from '@/ui/cx';
import type { Assets } from '@/viz/graph/assets';
import type { Schema } from '@/viz/graph/schema';
import { controlOf, folded } from './model';
import { type AssetOption, SchemaField } from './SchemaField';

interface ParameterFormProps {
  parameters: Record<string, Schema>;
  values: Record<string, unknown>;
  onChange: (name: string, value: unknown) => void;
  assets: Pick<Assets, 'datasets' | 'models'>;
  /** Only datasets and models of this kind are offered; others stay out of sight. */
  kind?: string;
  /** Only what must be given and names stay in sight. */
  isSimple?: boolean;
  /** Which must be given; left out, those without a default. */
  isNeeded?: (name: string) => boolean;
}

/** The form of a pipeline's parameters: what must be given first, the rest folded away. */
export function ParameterForm({
  parameters,
  values,
  onChange,
  assets,
  kind = '',
  isSimple,
  isNeeded = (name) => parameters[name]?.default === undefined,
}: ParameterFormProps) {
  const { t } = useTranslation('pipelines');
  const [isOpen, setOpen] = useState(false);
  const all = Object.entries(parameters);
  const required = all.filter(([name]) => isNeeded(name));
  const others = all.filter(([name]) => !isNeeded(name));
  const { first, advanced } = isSimple ? withNamesFirst(others) : folded(others);
  const options = assetOptions(assets, kind);
  const field = ([name, schema]: [string, Schema], isRequired: boolean) => (
    <SchemaField
      key={name}
      name={name}
      schema={schema}
      value={values[name]}
      onChange={(value) => onChange(name, value)}
      assets={options}
      isRequired={isRequired}
    />
  );
  return (
    <div className="space-y-4">
      {required.map((each) => field(each, true))}
      {first.map((each) => field(each, false))}
      {advanced.length > 0 && (
        <div>
          <Button
            onPress={() => setOpen(!isOpen)}
            aria-expanded={isOpen}
            className="flex items-center gap-1.5 rounded-sm text-12 font-medium text-fg-2 hover:text-fg"
          >
            <ChevronRight aria-hidden className={cx('size-4 transition-transform', isOpen && 'rotate-90')} />
            {t('form.more', { count: advanced.length })}
          </Button>
          {isOpen && <div className="mt-4 space-y-4">{advanced.map((each) => field(each, false))}</div>}
        </div>
      )}
    </div>
  );
}

function withNamesFirst(fields: [string, Schema][]) {
  const isName = ([, schema]: [string, Schema]) =>
    controlOf(schema) === 'text' && schema.pattern !== undefined;
  return { first: fields.filter(isName), advanced: fields.filter((each) => !isName(each)) };
}

export function assetOptions(
  { datasets, models }: Pick<Assets, 'datasets' | 'models'>,
  kind = '',
): { dataset: AssetOption[]; model: AssetOption[] } {
  const fits = (own: string) => kind === '' || own === kind;
  return {
    dataset: datasets
      .filter(({ latest }) => fits(latest.kind))
      .map(({ name, latest }) => ({
        id: name,
        label: name,
        note: `${latest.num_samples.toLocaleString('en-US')}`,
      })),
    model: models
      .filter(({ latest }) => fits(latest.task))
      .map(({ name, latest }) => ({ id: name, label: name, note: latest.task })),
  };
}
