import { ChartScatter, ChevronRight, X } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { Button } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { cx } from '@/ui/cx';
import { IconButton } from '@/ui/IconButton';
import { useMetricWords } from '@/ui/metricWords';
import { NumberField } from '@/ui/NumberField';
import { Select } from '@/ui/Select';
import { Switch } from '@/ui/Switch';
import type { DocumentNode, PipelineDocument, Search } from '@/viz/graph/document';
import type { FunctionInterface } from '@/viz/graph/ports';
import { METHODS, MOST_TRIALS, numTrials, orderedSearch, trialTime_s } from '@/viz/search/search';
import type { Problem, Task } from '../../api';
import { changeNode } from '../actions';
import type { Store } from '../history';
import { problemAt } from '../problemAt';

interface SearchSectionProps {
  node: DocumentNode;
  search: Search;
  found: FunctionInterface;
  store: Store<PipelineDocument>;
  problems: Problem[];
  /** The step's task in the last run of the pipeline. */
  last: Task | undefined;
}

/** How many trials a search makes, how long, and by what they are judged. */
export function SearchSection({ node, search, found, store, problems, last }: SearchSectionProps) {
  const { t } = useTranslation('search');
  const words = useMetricWords();
  const change = (next: Partial<Search>, what: string) =>
    store.change(
      (current) => changeNode(current, node.id, { search: orderedSearch({ ...search, ...next }) }),
      `${node.id}.search.${what}`,
    );
  const problem = (key: string) => problemAt(problems, `nodes.${node.id}.search.${key}`);
  const metrics = found.metrics ?? [];
  const primary = metrics.find(({ isPrimary }) => isPrimary);
  const metric = search.metric ?? primary?.name ?? '';
  const promised = metrics.find(({ name }) => name === metric)?.direction;
  const direction = search.direction ?? (promised === 'min' ? 'minimize' : 'maximize');
  const names = metrics.map(({ name }) => name);
  return (
    <section
      aria-label={t('search.title', { ns: 'pipelines' })}
      className="space-y-3 rounded-md border border-line bg-bg px-3 pt-2 pb-3"
    >
      <header className="flex items-center gap-1.5">
        <ChartScatter aria-hidden className="size-4 shrink-0 text-accent" />
        <h3 className="min-w-0 flex-1 text-13 font-semibold">{t('search.title', { ns: 'pipelines' })}</h3>
        <IconButton
          size="small"
          icon={X}
          label={t('remove')}
          onPress={() => store.change((current) => changeNode(current, node.id, { search: undefined }))}
        />
      </header>
      <Meaning search={search} last={last} />
      {problem('parameters') && Object.keys(search.parameters).length === 0 && (
        <p className="text-12 text-failed">{problem('parameters')}</p>
      )}
      <div className="grid grid-cols-2 gap-2.5">
        <NumberField
          label={t('trials')}
          minValue={1}
          maxValue={MOST_TRIALS}
          step={1}
          error={problem('trials')}
          value={numberOf(search.trials)}
          placeholder="10"
          onChange={(trials) => change({ trials: given(trials) }, 'trials')}
        />
        <NumberField
          label={t('parallel')}
          minValue={1}
          maxValue={MOST_TRIALS}
          step={1}
          error={problem('parallel')}
          value={numberOf(search.parallel)}
          placeholder="1"
          onChange={(parallel) => change({ parallel: given(parallel) }, 'parallel')}
        />
      </div>
      <NumberField
        label={t('budget')}
        description={t('budgetHelp')}
        minValue={0}
        error={problem('budget_s')}
        value={numberOf(search.budget_s) / 60}
        placeholder={t('inspector.noLimit', { ns: 'pipelines' })}
        onChange={(minutes) => change({ budget_s: minutes > 0 ? minutes * 60 : undefined }, 'budget')}
      />
      <Advanced isOpen={['method', 'pruning', 'metric', 'direction', 'seed'].some(problem)}>
        <Select
          label={t('method')}
          description={t(`methodHelp.${search.method ?? 'tpe'}`, { defaultValue: '' })}
          error={problem('method')}
          value={search.method ?? 'tpe'}
          onChange={(id) => change({ method: id === 'tpe' ? undefined : id }, 'method')}
          options={METHODS.map((id) => ({ id, label: t(`methods.${id}`) }))}
        />
        <Switch
          isSelected={search.pruning === true}
          description={problem('pruning') ?? t('pruningHelp')}
          onChange={(isOn) => change({ pruning: isOn || undefined }, 'pruning')}
        >
          {t('pruning')}
        </Switch>
        <Select
          label={t('metric')}
          error={problem('metric')}
          value={metric || null}
          onChange={(id) =>
            change({ metric: id === primary?.name ? undefined : id, direction: undefined }, 'metric')
          }
          options={(metric === '' || names.includes(metric) ? names : [...names, metric]).map((id) => ({
            id,
            label: words(id),
          }))}
        />
        <Select
          label={t('direction')}
          error={problem('direction')}
          value={direction}
          onChange={(id) => change({ direction: id }, 'direction')}
          options={['maximize', 'minimize'].map((id) => ({ id, label: t(`directions.${id}`) }))}
        />
        <NumberField
          label={t('seed')}
          description={t('seedHelp')}
          minValue={0}
          step={1}
          error={problem('seed')}
          value={numberOf(search.seed)}
          placeholder="0"
          onChange={(seed) => change({ seed: given(seed) }, 'seed')}
        />
      </Advanced>
    </section>
  );
}

/** What the block means, in one line, with the time of a trial where the last run tells it. */
function Meaning({ search, last }: Pick<SearchSectionProps, 'search' | 'last'>) {
  const { t } = useTranslation('search');
  const { duration, count } = useFormat();
  const trials = numTrials(search);
  const parallel = Math.min(numberOf(search.parallel) || 1, trials);
  const each_s = trialTime_s(last, parallel);
  const all = { count: trials, shown: count(trials), parallel };
  const sentence = t(parallel > 1 ? 'meaningParallel' : 'meaning', all);
  return (
    <p className="text-12 text-fg-2">
      {each_s === null
        ? t('meaningUnknown', { sentence })
        : t('meaningTime', {
            sentence,
            each: duration(each_s),
            all: duration(Math.ceil(trials / parallel) * each_s),
          })}
    </p>
  );
}

function Advanced({ isOpen: isOpenFirst, children }: { isOpen: boolean; children: ReactNode }) {
  const { t } = useTranslation('search');
  const [isOpen, setOpen] = useState(isOpenFirst);
  const shown = isOpen || isOpenFirst;
  return (
    <div>
      <Button
        onPress={() => setOpen(!shown)}
        aria-expanded={shown}
        className="flex items-center gap-1.5 rounded-sm text-12 font-medium text-fg-2 hover:text-fg"
      >
        <ChevronRight aria-hidden className={cx('size-4 transition-transform', shown && 'rotate-90')} />
        {t('advanced')}
      </Button>
      {shown && <div className="mt-3 space-y-3">{children}</div>}
    </div>
  );
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : Number.NaN;
}

/** What a number field gives; NaN is empty. */
function given(value: number): number | undefined {
  return Number.isNaN(value) ? undefined : value;
}
