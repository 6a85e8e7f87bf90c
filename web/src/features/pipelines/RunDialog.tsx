import { Play } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '@/ui/Button';
import { Dialog } from '@/ui/Dialog';
import { SectionTitle } from '@/ui/Panel';
import { ParameterForm } from '@/viz/form/ParameterForm';
import type { Assets } from '@/viz/graph/assets';
import type { PipelineDocument } from '@/viz/graph/document';
import type { Source } from '@/viz/plan/api';
import { PlanPane } from '@/viz/plan/PlanPane';
import { usePlan } from '@/viz/plan/usePlan';

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
