import { Check } from 'lucide-react';
import { useState } from 'react';
import { Label, Radio, RadioGroup } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { sampleImageUrl, spreadRows } from '@/api/thumbnails';
import { useFormat } from '@/i18n/format';
import { cx } from '@/ui/cx';
import { SearchField } from '@/ui/TextField';
import type { Dataset } from '@/viz/graph/assets';
import { byFitness, type Fitness } from './fitness';

const SEARCHED_FROM = 9;
const IMAGES = 4;

interface DatasetCardsProps {
  project: string;
  label: string;
  datasets: Dataset[];
  /** The kinds that will do; none when any will. */
  kinds: string[];
  /** The name of the chosen one. */
  value: string | undefined;
  onChange: (name: string) => void;
}

/** The datasets of the project to choose from by their pictures; those that do not fit say why. */
export function DatasetCards({ project, label, datasets, kinds, value, onChange }: DatasetCardsProps) {
  const { t } = useTranslation('pipelines');
  const [search, setSearch] = useState('');
  const found = byFitness(datasets, kinds).filter(({ dataset }) => dataset.name.includes(search.trim()));
  return (
    <RadioGroup value={value ?? null} onChange={onChange} isRequired>
      <Label className="mb-1 block text-12 font-medium text-fg-2">{label}</Label>
      {datasets.length >= SEARCHED_FROM && (
        <SearchField
          label={t('templates.searchData')}
          value={search}
          onChange={setSearch}
          className="mb-2 w-full"
        />
      )}
      <div className="max-h-90 space-y-1.5 overflow-auto p-0.5">
        {found.map((each) => (
          <DatasetCard key={each.dataset.name} project={project} {...each} kinds={kinds} />
        ))}
      </div>
    </RadioGroup>
  );
}

function DatasetCard({ project, dataset, unfit, kinds }: Fitness & { project: string; kinds: string[] }) {
  const { t } = useTranslation('pipelines');
  const { count } = useFormat();
  const { name, latest } = dataset;
  const kindOf = (each: string) => t(`kind.${each}`, { defaultValue: each });
  return (
    <Radio
      value={name}
      isDisabled={unfit !== null}
      className={({ isSelected, isDisabled, isFocusVisible }) =>
        cx(
          'flex items-center gap-3 rounded-md border p-2 transition-colors',
          isSelected ? 'border-accent bg-accent-soft' : 'border-line',
          isDisabled ? 'bg-sunken' : 'cursor-pointer hover:border-line-strong',
          isFocusVisible && 'ring-2 ring-accent',
        )
      }
    >
      {({ isSelected }) => (
        <>
          <span
            aria-hidden
            className="grid h-10 w-20 shrink-0 grid-cols-4 gap-px overflow-hidden rounded-sm bg-sunken"
          >
            {spreadRows(latest.num_samples, IMAGES).map((row) => (
              <img
                key={row}
                src={sampleImageUrl(project, latest, row, 160)}
                alt=""
                loading="lazy"
                className={cx('h-10 w-full object-cover', unfit && 'opacity-50 grayscale')}
              />
            ))}
          </span>
          <span className="min-w-0 flex-1">
            <span className="block truncate text-13 font-medium">
              {name} <span className="font-normal text-fg-3">v{latest.version}</span>
            </span>
            <span className={cx('block text-12', unfit ? 'text-warning' : 'text-fg-3')}>
              {unfit === null
                ? `${kindOf(latest.kind)} · ${t('templates.samples', { count: latest.num_samples, shown: count(latest.num_samples) })}`
                : t(`templates.unfit.${unfit}`, {
                    kind: kindOf(latest.kind),
                    needed: kinds.map(kindOf).join(t('templates.or')),
                  })}
            </span>
          </span>
          {isSelected && <Check aria-hidden className="size-4 shrink-0 text-accent" />}
        </>
      )}
    </Radio>
  );
}
