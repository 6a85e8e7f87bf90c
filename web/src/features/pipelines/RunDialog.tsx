import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Play } from 'lucide-react';
import { useDeferredValue, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { later } from '@/i18n';
import { Button } from '@/ui/Button';
import { Dialog } from '@/ui/Dialog';
import { ErrorState } from '@/ui/ErrorState';
import { SectionTitle } from '@/ui/Panel';
import { projectPath, useGo } from '@/ui/routing';
import { SkeletonRows } from '@/ui/Skeleton';
import { toastError } from '@/ui/Toast';
import type { Assets } from '@/viz/graph/assets';
import type { PipelineDocument } from '@/viz/graph/document';
import { plan as askPlan, type Source, startRun } from './api';
import { faultOf, givenOnly } from './form/model';
import { ParameterForm } from './form/ParameterForm';
import { PlanView } from './PlanView';
import { isRefused } from './plan';

interface RunDialogProps {
  project: string;
  source: Source;
  document: PipelineDocument;
  assets: Assets;
  isOpen: boolean;
  onClose: () => void;
}

/** Before a run: its parameters, and what it would execute and reuse with them. */
export function RunDialog({ project, source, document, assets, isOpen, onClose }: RunDialogProps) {
  const { t } = useTranslation('pipelines');
  const [values, setValues] = useState<Record<string, unknown>>({});
  const parameters = document.parameters ?? {};
  const { plan, isFit, mayRun, run } = usePlan(project, source, document, values, isOpen);
  const hasForm = Object.keys(parameters).length > 0;
  return (
    <Dialog
      title={t('run.title', { name: document.name })}
      isOpen={isOpen}
      onClose={onClose}
      size={hasForm ? 'large' : 'medium'}
      footer={
        <>
          <Button onPress={onClose}>{t('cancel', { ns: 'common' })}</Button>
          <Button
            variant="primary"
            isPending={run.isPending}
            isDisabled={!mayRun}
            onPress={() => run.mutate()}
          >
            <Play aria-hidden />
            {t('run.start')}
          </Button>
        </>
      }
    >
      <div className={hasForm ? 'grid grid-cols-[300px_minmax(0,1fr)] gap-6' : ''}>
        {hasForm && (
          <div>
            <SectionTitle>{t('run.parameters')}</SectionTitle>
            <ParameterForm
              parameters={parameters}
              values={values}
              onChange={(name, value) => setValues({ ...values, [name]: value })}
              assets={assets}
              isSimple
            />
          </div>
        )}
        <div className="sticky top-0 self-start">
          <SectionTitle>{t('plan.title')}</SectionTitle>
          <PlanPane plan={plan} isFit={isFit} document={document} project={project} />
        </div>
      </div>
    </Dialog>
  );
}

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

interface PlanPaneProps {
  plan: ReturnType<typeof usePlan>['plan'];
  isFit: boolean;
  document: PipelineDocument;
  project: string;
}

export function PlanPane({ plan, isFit, document, project }: PlanPaneProps) {
  const { t } = useTranslation('pipelines');
  if (!isFit) return <p className="text-13 text-fg-3">{t('plan.incomplete')}</p>;
  if (plan.isError) return <ErrorState error={plan.error} isInline />;
  if (!plan.data) return <SkeletonRows rows={5} />;
  return <PlanView plan={plan.data} document={document} project={project} />;
}
