import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import { Trans, useTranslation } from 'react-i18next';
import { outputsQuery } from '@/api/tasks';
import { useFormat } from '@/i18n/format';
import { Badge } from '@/ui/Badge';
import { CopyButton } from '@/ui/CodeBlock';
import { ErrorState } from '@/ui/ErrorState';
import { KeyValue } from '@/ui/KeyValue';
import { SectionTitle } from '@/ui/Panel';
import { AppLink, projectPath } from '@/ui/routing';
import { SkeletonRows } from '@/ui/Skeleton';
import { StateIcon } from '@/ui/StateChip';
import { Time } from '@/ui/Time';
import type { Task, TaskDetail } from '../api';
import { isWaiting } from '../model';
import { PortWords } from '../PortWords';
import { Published } from '../Published';
import { ConditionFacts } from './ConditionFacts';
import { Why } from './Why';

interface SummaryProps {
  project: string;
  task: Task;
  detail: UseQueryResult<TaskDetail>;
}

/** Why a task did what it did, its attempts, and all that decided its result. */
export function Summary({ project, task, detail }: SummaryProps) {
  const { t } = useTranslation(['runs', 'pipelines']);
  const { bytes, span, worded } = useFormat();
  if (detail.isLoadingError) return <ErrorState error={detail.error} onRetry={() => void detail.refetch()} />;
  if (!detail.data) return <SkeletonRows className="p-6" />;
  const { data } = detail;
  // A refusal is a note, and the reason too.
  const notes = worded(data).notes.filter((note) => !task.reason.includes(note));
  const parameters = Object.entries(data.parameters);
  return (
    <div className="grid grid-cols-3 gap-8 px-6 py-4">
      <div className="space-y-5">
        {isWaiting(task.state) && <Why project={project} taskId={task.id} />}
        <section>
          <SectionTitle>{t('task.why')}</SectionTitle>
          <p className="text-13">{task.why || '–'}</p>
          {task.reason && !isWaiting(task.state) && !task.branch && (
            <p className={`mt-1 text-13 ${task.state === 'failed' ? 'text-failed' : 'text-fg-2'}`}>
              {task.reason}
            </p>
          )}
        </section>
        <Results project={project} task={task} />
        {!data.condition && <Attempts project={project} detail={worded(data)} />}
        {notes.length > 0 && (
          <section>
            <SectionTitle>{t('task.notes')}</SectionTitle>
            <ul className="space-y-1 text-12 text-fg-2">
              {notes.map((note) => (
                <li key={note}>{note}</li>
              ))}
            </ul>
          </section>
        )}
      </div>
      {data.condition ? (
        <ConditionFacts condition={data.condition} />
      ) : (
        <div>
          <SectionTitle>{t('task.parameters')}</SectionTitle>
          {parameters.length === 0 && <p className="text-12 text-fg-3">{t('none', { ns: 'common' })}</p>}
          <KeyValue
            labelWidth="140px"
            facts={parameters.map(([label, value]) => ({
              label,
              isName: true,
              value: (
                <span translate="no" className="font-mono text-12">
                  {typeof value === 'string' ? value || '""' : JSON.stringify(value)}
                </span>
              ),
            }))}
          />
        </div>
      )}
      <div className="space-y-5">
        {!data.condition && (
          <section>
            <SectionTitle>{t('task.execution')}</SectionTitle>
            <KeyValue
              facts={[
                {
                  label: t('task.algorithm'),
                  value: (
                    <AppLink
                      className="text-accent hover:underline"
                      href={projectPath(project, 'algorithms', data.algorithm)}
                    >
                      {data.algorithm} {data.version}
                    </AppLink>
                  ),
                },
                { label: t('task.function'), value: t(`function.${data.function}`, { ns: 'pipelines' }) },
                {
                  label: t('task.resources'),
                  value: `${data.resources.cpu_milli / 1000} CPU · ${bytes(data.resources.memory_mib * 1024 * 1024)}${data.resources.devices
                    .map(({ kind, count }) => ` · ${count} ${kind.toUpperCase()}`)
                    .join('')}`,
                },
                {
                  label: t('task.environment'),
                  value: t(`environment.${data.environment}`, {
                    ns: 'common',
                    defaultValue: data.environment,
                  }),
                },
                {
                  label: t('task.timeout'),
                  value: data.timeout_s === null ? null : span(data.timeout_s),
                },
                { label: t('task.digest'), value: data.digest && <Digest digest={data.digest} /> },
              ]}
            />
          </section>
        )}
        {data.inputs.length > 0 && (
          <section>
            <SectionTitle>{t('task.inputs')}</SectionTitle>
            <KeyValue
              facts={data.inputs.map(({ name, type, kind, artifact, from_output, published_as }) => ({
                label: name,
                isName: true,
                value: (
                  <span>
                    <PortWords type={type} kind={kind} />
                    {from_output && (
                      <span translate="no" className="text-fg-3">
                        {' '}
                        ← {from_output}
                      </span>
                    )}{' '}
                    {published_as ? (
                      <Published type={type} name={published_as} />
                    ) : (
                      artifact && <Digest digest={artifact} />
                    )}
                  </span>
                ),
              }))}
            />
          </section>
        )}
      </div>
    </div>
  );
}

function Digest({ digest }: { digest: string }) {
  return (
    <span className="inline-flex items-center gap-1 align-middle">
      <code className="font-mono text-11 text-fg-3" title={digest}>
        {digest.slice(0, 12)}
      </code>
      <CopyButton text={digest} />
    </span>
  );
}

/** The versions of datasets and models that came of the task, with the way to each. */
function Results({ project, task }: { project: string; task: Task }) {
  const { t } = useTranslation('runs');
  const isThere = task.state === 'succeeded' || task.state === 'reused';
  const outputs = useQuery({ ...outputsQuery(project, task.id), enabled: isThere }).data ?? [];
  const published = outputs.filter(({ published_as }) => published_as);
  if (published.length === 0) return null;
  return (
    <section>
      <SectionTitle>{t('task.results')}</SectionTitle>
      <ul className="flex flex-wrap gap-x-4 gap-y-1 text-13">
        {published.map(({ name, type, published_as }) => (
          <li key={name}>
            <Published type={type} name={published_as} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Attempts({ project, detail }: { project: string; detail: TaskDetail }) {
  const { t } = useTranslation('runs');
  const { duration, worded } = useFormat();
  if (detail.attempts.length === 0) {
    return detail.reused_from === null ? null : (
      <section>
        <SectionTitle>{t('task.attempts')}</SectionTitle>
        <p className="text-13 text-fg-2">
          <Trans
            t={t}
            i18nKey="task.reusedFrom"
            values={{ id: detail.reused_from }}
            components={{
              task: (
                <AppLink
                  href={projectPath(project, 'tasks', detail.reused_from)}
                  className="text-accent underline"
                />
              ),
            }}
          />
        </p>
      </section>
    );
  }
  return (
    <section>
      <SectionTitle aside={t('task.ofAttempts', { count: detail.max_attempts })}>
        {t('task.attempts')}
      </SectionTitle>
      <ol className="space-y-2">
        {detail.attempts.map(worded).map((attempt) => (
          <li key={attempt.id} className="flex items-start gap-2.5 text-12">
            <StateIcon state={attemptState(attempt, detail.state)} className="mt-0.5 size-4" />
            <div className="min-w-0 flex-1">
              <div className="flex flex-wrap items-baseline gap-x-2">
                <span className="font-medium">{t('task.attemptNumber', { number: attempt.number })}</span>
                <span className="text-fg-3">
                  {attempt.placement.machine} · <Time at={attempt.created_at} />
                  {attempt.duration_s !== null && ` · ${duration(attempt.duration_s)}`}
                </span>
                {attempt.exit_code !== null && attempt.exit_code !== 0 && (
                  <Badge tone="failed">{t('task.exit', { code: attempt.exit_code })}</Badge>
                )}
              </div>
              {attempt.message && !detail.reason.includes(attempt.message) && (
                <p lang={attempt.message_zh ? undefined : ''} className="break-words text-fg-2">
                  {attempt.message}
                </p>
              )}
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** An attempt that ended looks like what it came to. */
function attemptState({ state, outcome, exit_code }: TaskDetail['attempts'][number], task: string): string {
  if (state !== 'ended') return state;
  if (outcome === 'exited' && exit_code === 0) return 'succeeded';
  return outcome === 'stopped' ? (task === 'failed' ? 'failed' : 'stopped') : 'failed';
}
