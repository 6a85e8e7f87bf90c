import { ArrowDown, ArrowUp } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Metric } from '@/ui/Metric';
import { MetricName } from '@/ui/MetricName';
import { useSeriesColour } from '@/viz/Chart';
import type { Run } from '../api';
import { Published } from '../Published';
import { type Difference, GROUPS, type MetricRow } from './model';

const CELL = 'border-b border-line px-3 py-1.5';
const NAME = `${CELL} sticky left-0 z-10 bg-surface text-left font-normal`;

interface GridProps {
  label: string;
  first: string;
  runs: Run[];
  children: ReactNode;
}

/** A column for each run, in its colour; the names stay in sight while the runs scroll. */
function Grid({ label, first, runs, children }: GridProps) {
  const colour = useSeriesColour();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached with the keyboard
    <section className="overflow-x-auto" aria-label={label} tabIndex={0}>
      <table className="w-full border-separate border-spacing-0 text-13" aria-label={label}>
        <thead>
          <tr>
            <th scope="col" className={`${NAME} w-72 min-w-56 text-12 text-fg-3`}>
              {first}
            </th>
            {runs.map(({ id, name }, index) => (
              <th
                key={id}
                scope="col"
                className={`${CELL} min-w-36 text-left text-12 font-medium`}
                title={name}
              >
                <span className="flex items-center gap-1.5">
                  <span
                    aria-hidden
                    className="size-2 rounded-full"
                    style={{ backgroundColor: colour(index) }}
                  />
                  #{id}
                </span>
              </th>
            ))}
          </tr>
        </thead>
        {children}
      </table>
    </section>
  );
}

function Name({ step, name }: { step: string; name: string }) {
  return (
    <th scope="row" translate="no" className={NAME}>
      <span className="text-fg-3">{step} · </span>
      {name}
    </th>
  );
}

export function FactTable({ runs, facts }: { runs: Run[]; facts: Difference[] }) {
  const { t } = useTranslation('runs');
  const nameOf = ({ group, name }: Difference) => {
    if (group === 'graph') return name || t('compare.fact.after');
    return group === 'parameters' || group === 'inputs' ? name : t(`compare.fact.${name}`);
  };
  return (
    <Grid label={t('compare.differences')} first={t('compare.setting')} runs={runs}>
      {GROUPS.filter((group) => facts.some((fact) => fact.group === group)).map((group) => (
        <tbody key={group}>
          <tr>
            <th
              scope="rowgroup"
              colSpan={runs.length + 1}
              className="border-b border-line bg-sunken px-3 py-1 text-left text-12 font-semibold text-fg-2"
            >
              {t(`compare.group.${group}`)}
            </th>
          </tr>
          {facts
            .filter((fact) => fact.group === group)
            .map((fact) => (
              <tr key={`${fact.task} ${fact.name}`}>
                <Name step={fact.task} name={nameOf(fact)} />
                {runs.map(({ id }, index) => (
                  <td
                    key={id}
                    translate="no"
                    title={fact.values[index] ?? undefined}
                    className={`${CELL} max-w-64 truncate font-mono text-12 ${fact.isDifferent ? '' : 'text-fg-3'}`}
                  >
                    <Value fact={fact} index={index} />
                  </td>
                ))}
              </tr>
            ))}
        </tbody>
      ))}
    </Grid>
  );
}

/** A value of a run; an input that is a version of a dataset or model is a link to it. */
function Value({ fact, index }: { fact: Difference; index: number }) {
  const { t } = useTranslation();
  const version = fact.versions[index];
  const value = fact.values[index] ?? null;
  if (fact.group === 'environment' && value) return t(`environment.${value}`, { defaultValue: value });
  return version ? <Published {...version} /> : shown(fact, value);
}

/** Digests are told by their first digits, an empty text by its quotes. */
function shown({ group }: Difference, value: string | null): string {
  if (value === null) return '–';
  return group === 'inputs' ? value.slice(0, 12) : value || '""';
}

export function MetricTable({ runs, rows }: { runs: Run[]; rows: MetricRow[] }) {
  const { t } = useTranslation('runs');
  return (
    <Grid label={t('compare.metrics')} first={t('compare.metric')} runs={runs}>
      <tbody>
        {rows.map((row) => (
          <tr key={`${row.task} ${row.name}`}>
            <th scope="row" className={NAME}>
              <span className="flex items-center gap-1.5">
                <span>
                  <span className="text-fg-3" translate="no">
                    {row.task} ·{' '}
                  </span>
                  <MetricName name={row.name} />
                </span>
                {row.direction && (
                  <span className="text-fg-3" title={t(`compare.direction.${row.direction}`)}>
                    {row.direction === 'max' ? (
                      <ArrowUp aria-hidden className="size-3.5" />
                    ) : (
                      <ArrowDown aria-hidden className="size-3.5" />
                    )}
                    <span className="sr-only">{t(`compare.direction.${row.direction}`)}</span>
                  </span>
                )}
              </span>
            </th>
            {runs.map(({ id }, index) => (
              <td key={id} className={`${CELL} tabular-nums`}>
                <span className={row.best.has(index) ? 'font-semibold text-ok' : ''}>
                  {row.values[index] == null ? '–' : <Metric name={row.name} value={row.values[index]} />}
                </span>
                {row.best.has(index) && <span className="ml-1.5 text-11 text-ok">{t('compare.best')}</span>}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </Grid>
  );
}
