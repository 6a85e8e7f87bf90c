import { useTranslation } from 'react-i18next';
import { ErrorState } from '@/ui/ErrorState';
import { SkeletonRows } from '@/ui/Skeleton';
import type { PipelineDocument } from '@/viz/graph/document';
import { PlanView } from './PlanView';
import type { usePlan } from './usePlan';

interface PlanPaneProps {
  plan: ReturnType<typeof usePlan>['plan'];
  isFit: boolean;
  document: PipelineDocument;
  project: string;
}

/** What a run would do, or what is missing before that can be said. */
export function PlanPane({ plan, isFit, document, project }: PlanPaneProps) {
  const { t } = useTranslation('pipelines');
  if (!isFit) return <p className="text-13 text-fg-3">{t('plan.incomplete')}</p>;
  if (plan.isError) return <ErrorState error={plan.error} isInline />;
  if (!plan.data) return <SkeletonRows rows={5} />;
  return <PlanView plan={plan.data} document={document} project={project} />;
}
