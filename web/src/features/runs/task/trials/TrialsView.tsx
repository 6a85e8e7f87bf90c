import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Pin } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useLiveQueries } from '@/api/live';
import { useMayChange } from '@/api/projects';
import { later } from '@/i18n';
import { useFormat } from '@/i18n/format';
import { Button } from '@/ui/Button';
import { ErrorState } from '@/ui/ErrorState';
import { useMetricWords } from '@/ui/metricWords';
import { projectPath, useGo } from '@/ui/routing';
import { Skeleton } from '@/ui/Skeleton';
import { Time } from '@/ui/Time';
import { toastError } from '@/ui/Toast';
import type { PipelineDocument } from '@/viz/graph/document';
import type { Schema } from '@/viz/graph/schema';
import { createPipeline, freePipelineName } from '@/viz/plan/api';
import { handOver } from '@/viz/search/handover';
import { numEnded, searchOf } from '@/viz/search/search';
import type { Trial } from '@/viz/search/trials';
import { allTrialsQuery, type RunDetail, type SearchState, type Task } from '../../api';
import { isOver } from '../../model';
import { TrialPlots } from './TrialPlots';
import { TrialTable } from './TrialTable';

interface TrialsViewProps {
  project: string;
  run: RunDetail;
  task: Task;
  search: SearchState;
}

/** What a search tried and what came of it: how far it is, a table of the trials, and plots of them. */
export default function TrialsView({ project, run, task, search }: TrialsViewProps) {
  const { t } = useTranslation('runs');
  const isGoing = !isOver(task.state);
  const key = ['tasks', project, task.id, 'trials'];
  useLiveQueries([`run:${run.id}`], ({ type }) => (type === 'task' ? [[...key, 'list']] : []), {
    always: [key],
    isEnabled: isGoing,
  });
  const trials = useQuery(allTrialsQuery(project, task));
  const node = ((run.document as unknown as PipelineDocument).nodes ?? []).find(({ id }) => id === task.name);
  const best = trials.data?.find(({ is_best }) => is_best);
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <div className="flex min-h-11 shrink-0 items-center gap-3 border-b border-line px-6 py-1.5">
        <Progress search={search} isGoing={isGoing} />
        <UseValues project={project} run={run} node={task.name} best={best} />
      </div>
      <div className="grid min-h-0 flex-1 grid-cols-[minmax(0,1fr)_minmax(0,44%)]">
        <div className="min-h-0 overflow-auto px-3">
          <TrialTable project={project} taskId={task.id} search={search} isGoing={isGoing} />
        </div>
        <section
          aria-label={t('trials.plots')}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached with the keyboard
          tabIndex={0}
          className="min-h-0 overflow-auto border-l border-line px-4 py-3"
        >
          {trials.isLoadingError ? (
            <ErrorState error={trials.error} onRetry={() => void trials.refetch()} isInline />
          ) : trials.data ? (
            <TrialPlots
              project={project}
              trials={trials.data}
              search={search}
              ranges={(node && searchOf(node)?.parameters) ?? {}}
            />
          ) : (
            <Skeleton className="h-44" />
          )}
        </section>
      </div>
    </div>
  );
}

/** How far a search is, in one line. */
function Progress({ search, isGoing }: { search: SearchState; isGoing: boolean }) {
  const { t } = useTranslation('runs');
  const { metric, count } = useFormat();
  const words = useMetricWords();
  const { failed, stopped_early, running, best_value, best_trial, ends_at } = search;
  const ended = numEnded(search);
  const parts = [
    isGoing
      ? t('trials.ofAll', { done: count(ended), all: count(search.trials) })
      : t('trials.all', { count: ended, shown: count(ended) }),
    isGoing && running > 0 && t('trials.running', { count: running }),
    failed > 0 && t('trials.failed', { count: failed }),
    stopped_early > 0 && t('trials.stopped', { count: stopped_early }),
  ];
  return (
    <p className="min-w-0 flex-1 text-13 text-fg-2">
      {best_value !== null && best_trial !== null && (
        <span className="mr-3 font-medium text-fg">
          {t('trials.bestIs', { metric: words(search.metric), value: metric(best_value), trial: best_trial })}
        </span>
      )}
      {parts.filter(Boolean).join(' · ')}
      {isGoing && ends_at && (
        <>
          {' · '}
          {t('trials.budgetEnds')} <Time at={ends_at} />
        </>
      )}
    </p>
  );
}

interface UseValuesProps {
  project: string;
  run: RunDetail;
  node: string;
  best: Trial | undefined;
}

/** Opens the pipeline with the best values in the place of the ranges; of a run without one, its document becomes one. */
function UseValues({ project, run, node, best }: UseValuesProps) {
  const { t } = useTranslation('runs');
  const go = useGo();
  const client = useQueryClient();
  const mayChange = useMayChange(project);
  const use = useMutation({
    mutationFn: async ({ trial, parameters: values }: Trial) => {
      const document = run.document as unknown as PipelineDocument;
      const pipeline = run.pipeline || (await freePipelineName(project, document.name));
      if (!run.pipeline) {
        const parameters = withDefaults(document.parameters ?? {}, run.parameters);
        await createPipeline(project, {
          name: pipeline,
          document: { ...document, name: pipeline, parameters },
        });
        void client.invalidateQueries({ queryKey: ['pipelines', project] });
      }
      handOver({ project, pipeline, node, trial, values });
      return pipeline;
    },
    onSuccess: (pipeline) => go(projectPath(project, 'pipelines', pipeline)),
    onError: (error) => toastError(error, later('runs', 'trials.useFailed')),
  });
  if (!mayChange || !best) return null;
  return (
    <Button size="small" isPending={use.isPending} onPress={() => use.mutate(best)}>
      <Pin aria-hidden />
      {t('trials.use')}
    </Button>
  );
}

/** Parameters of a pipeline whose defaults are what a run was given. */
function withDefaults(
  parameters: Record<string, Schema>,
  given: Record<string, unknown>,
): Record<string, Schema> {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, schema]) => [
      name,
      given[name] === undefined ? schema : { ...schema, default: given[name] },
    ]),
  );
}
