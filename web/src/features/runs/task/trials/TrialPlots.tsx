import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { useMetricWords } from '@/ui/metricWords';
import { projectPath, useGo } from '@/ui/routing';
import { numberAxis, wordAxis } from '@/viz/axis';
import type { SearchRange } from '@/viz/graph/document';
import { type Dot, ScatterPlot } from '@/viz/ScatterPlot';
import { bestSoFar, searchedIn, type Trial, wordsOf } from '@/viz/search/trials';
import type { SearchState } from '../../api';
import { isOver } from '../../model';
import { parameterText } from './TrialTable';

interface TrialPlotsProps {
  project: string;
  trials: Trial[];
  search: SearchState;
  /** What was searched, as the document says. */
  ranges: Record<string, SearchRange>;
}

/** What trials reached, one after the other and against each parameter. */
export function TrialPlots({ project, trials, search, ranges }: TrialPlotsProps) {
  const { t } = useTranslation('runs');
  const { metric } = useFormat();
  const words = useMetricWords();
  const go = useGo();
  const name = words(search.metric);
  const { dots, line, yAxis, trialAxis } = useMemo(() => {
    const shown = trials.filter(({ value }) => value !== null);
    return {
      dots: shown.map((trial) => ({ trial, look: lookOf(trial) })),
      line: bestSoFar(trials, search.direction).map(({ trial, value }) => ({ x: trial, y: value })),
      yAxis: numberAxis(
        shown.map(({ value }) => value),
        { count: 4 },
      ),
      trialAxis: numberAxis(
        trials.map(({ trial }) => trial),
        { isWhole: true, count: 8 },
      ),
    };
  }, [trials, search.direction]);
  if (dots.length === 0) return <p className="text-13 text-fg-3">{t('trials.noValues')}</p>;
  const wordsFor = ({ trial, value, parameters }: Trial) =>
    [
      t('trials.pointed', { trial, metric: name, value: metric(value ?? Number.NaN) }),
      ...Object.entries(parameters).map(([key, each]) => `${key} = ${parameterText(each, metric)}`),
    ].join('\n');
  const dotsAt = (xOf: (trial: Trial) => unknown) =>
    dots.map(
      ({ trial, look }): Dot => ({
        id: trial.task_id,
        x: xOf(trial),
        y: trial.value,
        look,
        words: wordsFor(trial),
      }),
    );
  const open = (id: number) => go(projectPath(project, 'tasks', id));
  return (
    <div className="space-y-4">
      <figure>
        <figcaption className="mb-1 flex flex-wrap items-baseline gap-x-3 text-12">
          <span className="font-medium">{t('trials.over', { metric: name })}</span>
          <Legend
            hasOpen={dots.some(({ look }) => look === 'open')}
            isGoing={dots.some(({ trial }) => !isOver(trial.state))}
          />
        </figcaption>
        <ScatterPlot
          label={t('trials.overLabel', { metric: name, count: dots.length })}
          xTitle={t('trials.trial')}
          xAxis={trialAxis}
          yAxis={yAxis}
          dots={dotsAt(({ trial }) => trial)}
          line={line}
          height={176}
          onPick={open}
        />
      </figure>
      <div className="grid grid-cols-[repeat(auto-fill,minmax(210px,1fr))] gap-x-4 gap-y-3">
        {searchedIn(trials).map(({ name: parameter, values }) => {
          const range = ranges[parameter];
          const listed = wordsOf(values, range);
          return (
            <figure key={parameter} className="min-w-0">
              <ScatterPlot
                label={t('trials.againstLabel', { metric: name, parameter })}
                xTitle={range?.log ? t('trials.logTitle', { parameter }) : parameter}
                xAxis={
                  listed ? wordAxis(listed) : numberAxis(values, { isLog: range?.log === true, count: 4 })
                }
                yAxis={yAxis}
                dots={dotsAt(({ parameters }) => parameters[parameter])}
                height={140}
                onPick={open}
              />
            </figure>
          );
        })}
      </div>
    </div>
  );
}

function lookOf({ is_best, state, is_stopped_early }: Trial): Dot['look'] {
  if (is_best) return 'best';
  return is_stopped_early || (state !== 'succeeded' && state !== 'reused') ? 'open' : 'plain';
}

function Legend({ hasOpen, isGoing }: { hasOpen: boolean; isGoing: boolean }) {
  const { t } = useTranslation('runs');
  const mark = 'size-2 rounded-full border-[1.5px]';
  return (
    <span className="flex items-center gap-x-3 text-fg-3">
      <span className="flex items-center gap-1">
        <span aria-hidden className={`${mark} border-ok bg-ok`} />
        {t('trials.best')}
      </span>
      <span className="flex items-center gap-1">
        <span aria-hidden className="h-0.5 w-3 rounded-full bg-accent" />
        {t('trials.bestSoFar')}
      </span>
      {hasOpen && (
        <span className="flex items-center gap-1">
          <span aria-hidden className={`${mark} border-fg-3 bg-surface`} />
          {t(isGoing ? 'trials.notEnded' : 'trials.stoppedEarly')}
        </span>
      )}
    </span>
  );
}
