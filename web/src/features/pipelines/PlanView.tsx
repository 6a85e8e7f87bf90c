import { History, Play } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { Badge } from '@/ui/Badge';
import { AppLink, projectPath } from '@/ui/routing';
import { nodeTitle, type PipelineDocument } from '@/viz/graph/document';
import { NodeIcon } from '@/viz/graph/icons';
import type { Plan } from './api';

interface PlanViewProps {
  plan: Plan;
  document: PipelineDocument;
  project: string;
}

/** What a run would execute and what it would reuse, and why. */
export function PlanView({ plan, document }: PlanViewProps) {
  const { t, i18n } = useTranslation('pipelines');
  const { worded } = useFormat();
  const nodes = new Map((document.nodes ?? []).map((node) => [node.id, node]));
  return (
    <div>
      <p className="mb-3 flex items-center gap-2 text-13 text-fg-2">
        <Badge tone="running" icon={<Play aria-hidden />}>
          {t('plan.runs', { count: plan.num_to_run })}
        </Badge>
        <Badge tone="cached" icon={<History aria-hidden />}>
          {t('plan.reused', { count: plan.num_reused })}
        </Badge>
      </p>
      <ol className="overflow-hidden rounded-lg border border-line">
        {plan.steps.map(worded).map((step) => {
          const node = nodes.get(step.node) ?? {
            id: step.node,
            type: 'algorithm' as const,
            function: step.function,
          };
          return (
            <li
              key={step.node}
              className="flex items-start gap-3 border-b border-line bg-surface px-3 py-2 last:border-b-0"
            >
              <NodeIcon node={node} size={24} />
              <div className="min-w-0 flex-1">
                <div className="flex items-baseline gap-2">
                  <span className="truncate font-medium">{nodeTitle(node, i18n.language)}</span>
                  <span className="truncate text-12 text-fg-3">{step.node}</span>
                </div>
                <p className="text-12 text-fg-2">{step.why}</p>
              </div>
              <Badge
                tone={step.will_run ? 'running' : 'cached'}
                icon={step.will_run ? <Play aria-hidden /> : <History aria-hidden />}
              >
                {step.will_run ? t('plan.willRun') : t('plan.willReuse')}
              </Badge>
            </li>
          );
        })}
      </ol>
    </div>
  );
}

/** Where a run is shown. */
export function RunLink({ project, id }: { project: string; id: number }) {
  return (
    <AppLink href={projectPath(project, 'runs', id)} className="rounded-sm text-accent hover:underline">
      #{id}
    </AppLink>
  );
}
