import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useDeferredValue } from 'react';
import { later } from '@/i18n';
import { projectPath, useGo } from '@/ui/routing';
import { toastError } from '@/ui/Toast';
import { faultOf, givenOnly } from '@/viz/form/model';
import type { PipelineDocument } from '@/viz/graph/document';
import { plan as askPlan, type Source, startRun } from './api';
import { isRefused } from './plan';

/** The plan with these values, asked anew as they change, and how to run it. */
export function usePlan(
  project: string,
  source: Source,
  document: PipelineDocument,
  values: Record<string, unknown>,
  isEnabled = true,
) {
  const go = useGo();
  const client = useQueryClient();
  const parameters = document.parameters ?? {};
  const asked = useDeferredValue(values);
  const given = givenOnly(parameters, asked);
  const fits = (all: Record<string, unknown>) =>
    Object.entries(parameters).every(([name, schema]) => faultOf(schema, all[name]) === null);
  const isFit = fits(values);
  const plan = useQuery({
    queryKey: ['plan', project, source, given],
    queryFn: () => askPlan(project, source, given),
    enabled: isEnabled && isFit && fits(asked),
    placeholderData: keepPreviousData,
    retry: false,
    gcTime: 0,
  });
  const run = useMutation({
    mutationFn: () => startRun(project, source, givenOnly(parameters, values)),
    onSuccess: (started) => {
      void client.invalidateQueries({ queryKey: ['runs', project] });
      go(projectPath(project, 'runs', started.id));
    },
    onError: (error) => toastError(error, later('pipelines', 'run.failed')),
  });
  return { plan, isFit, mayRun: isFit && !plan.isError && !isRefused(plan.data), run };
}
