import { CircleAlert, CircleSlash, History, Play, Split } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { Badge } from '@/ui/Badge';
import { cx } from '@/ui/cx';
import { AppLink, projectPath } from '@/ui/routing';
import { nodeTitle, type PipelineDocument } from '@/viz/graph/document';
import { NodeIcon } from '@/viz/graph/icons';
import type { Plan } from './api';
import { amountText } from './plan';

interface PlanViewProps {
  plan: Plan;
  document: PipelineDocument;
  project: string;
}

/** What a run would execute and what it would reuse, and why. */
export function PlanView({ plan, document }: PlanViewProps) {
  const { t, i18n } = useTranslation('pipelines');
  const { worded, duration } = useFormat();
  const nodes = new Map((document.nodes ?? []).map((node) => [node.id, node]));
  return (
    <div>
      <p className="mb-3 flex flex-wrap items-center gap-2 text-13 text-fg-2">
        <Badge tone="running" icon={<Play aria-hidden />}>
          {t('plan.runs', { count: plan.num_to_run })}
        </Badge>
        <Badge tone="cached" icon={<History aria-hidden />}>
          {t('plan.reused', { count: plan.num_reused })}
        </Badge>
        {plan.num_to_run > 0 && (
          <span className="ml-auto text-12 whitespace-nowrap">
            {plan.expected_s === null
              ? t('plan.unknownTime')
              : t('plan.aboutAll', { time: duration(plan.expected_s) })}
          </span>
        )}
      </p>
      {plan.num_to_run > 0 && <Quota quota={plan.quota} />}
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
                  {nodeTitle(node, i18n.language) !== step.node && (
                    <span className="truncate text-12 text-fg-3">{step.node}</span>
                  )}
                </div>
                <p className="text-12 text-fg-2">{step.why}</p>
                {step.will_run && (
                  <p className="text-12 text-fg-3">
                    {step.resources}
                    {step.expected_s !== null && ` · ${t('plan.about', { time: duration(step.expected_s) })}`}
                  </p>
                )}
                {step.refusal && (
                  <p className="mt-1 flex gap-1.5 text-12 text-failed">
                    <CircleAlert aria-hidden className="mt-0.5 size-3.5 shrink-0" />
                    {t('plan.refused', { why: step.refusal })}
                  </p>
                )}
              </div>
              <Action action={step.action} />
            </li>
          );
        })}
      </ol>
    </div>
  );
}

const ACTIONS = {
  run: { tone: 'running', icon: Play, words: 'plan.willRun' },
  reuse: { tone: 'cached', icon: History, words: 'plan.willReuse' },
  decide: { tone: 'neutral', icon: Split, words: 'plan.willDecide' },
  skip: { tone: 'queued', icon: CircleSlash, words: 'plan.willSkip' },
} as const;

function Action({ action }: { action: Plan['steps'][number]['action'] }) {
  const { t } = useTranslation('pipelines');
  const { tone, icon: Icon, words } = ACTIONS[action];
  return (
    <Badge tone={tone} icon={<Icon aria-hidden />}>
      {t(words)}
    </Badge>
  );
}

/** What of the limits that the run counts against is used already. */
function Quota({ quota }: Pick<Plan, 'quota'>) {
  const { t } = useTranslation('pipelines');
  const { bytes } = useFormat();
  if (quota.length === 0) return null;
  const words = (resource: string, amount: number) => amountText(resource, amount, bytes);
  return (
    <ul aria-label={t('plan.quota')} className="mb-3 grid grid-cols-2 gap-x-4 gap-y-1.5 text-12">
      {quota.map(({ queue, resource, used, limit }) => (
        <li key={`${queue}|${resource}`}>
          <div className="flex gap-2">
            <span className="min-w-0 flex-1 truncate text-fg-2">
              {t(`plan.resource.${resource}`, { defaultValue: resource })} · {queue}
            </span>
            <span className="text-fg-3 tabular-nums">
              {words(resource, used)} / {words(resource, limit)}
            </span>
          </div>
          <div className="mt-0.5 h-1 overflow-hidden rounded-full bg-sunken">
            <div
              className={cx('h-full rounded-full', used >= limit ? 'bg-warning' : 'bg-running')}
              style={{ width: `${Math.min(100, limit > 0 ? (100 * used) / limit : 100)}%` }}
            />
          </div>
        </li>
      ))}
    </ul>
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
