import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { CircleStop, Rocket, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMayChange } from '@/api/projects';
import { later } from '@/i18n';
import { useFormat } from '@/i18n/format';
import { Button } from '@/ui/Button';
import { CodeBlock } from '@/ui/CodeBlock';
import { ConfirmDialog } from '@/ui/Dialog';
import { ErrorState } from '@/ui/ErrorState';
import { KeyValue } from '@/ui/KeyValue';
import { Page, PageHeader } from '@/ui/PageHeader';
import { Panel } from '@/ui/Panel';
import { AppLink, projectPath, useGo, useParam, useProject, useQueryState } from '@/ui/routing';
import { SegmentedControl } from '@/ui/SegmentedControl';
import { Skeleton } from '@/ui/Skeleton';
import { StateChip } from '@/ui/StateChip';
import { Time } from '@/ui/Time';
import { toastError } from '@/ui/Toast';
import { deleteEndpoint, deploy, type Endpoint, endpointQuery, stopEndpoint } from '../api';
import { isServing, isStoppable, SNIPPET_LANGUAGES, type SnippetLanguage, snippet } from '../model';
import { Deployments } from './Deployments';
import { LogTail } from './LogTail';
import { TrafficCharts } from './TrafficCharts';
import { TryIt } from './TryIt';

export default function EndpointPage() {
  const { t } = useTranslation('endpoints');
  const project = useProject();
  const name = useParam('name');
  const endpoint = useQuery(endpointQuery(project, name));
  const parents = [{ label: t('title'), href: projectPath(project, 'endpoints') }];
  if (endpoint.isError && !endpoint.data) {
    return (
      <Page header={<PageHeader parents={parents} title={name} isName />}>
        <ErrorState error={endpoint.error} onRetry={() => void endpoint.refetch()} />
      </Page>
    );
  }
  if (!endpoint.data) {
    return (
      <Page header={<PageHeader parents={parents} title={name} isName />}>
        <div className="grid grid-cols-2 gap-6 p-6">
          <Skeleton className="h-80" />
          <Skeleton className="h-80" />
        </div>
      </Page>
    );
  }
  return <Shown project={project} endpoint={endpoint.data} parents={parents} />;
}

interface ShownProps {
  project: string;
  endpoint: Endpoint;
  parents: { label: string; href: string }[];
}

function Shown({ project, endpoint, parents }: ShownProps) {
  const { t } = useTranslation('endpoints');
  const { worded } = useFormat();
  const go = useGo();
  const client = useQueryClient();
  const [asking, setAsking] = useState<'stop' | 'delete' | null>(null);
  const mayChange = useMayChange(project);
  const { name, state, model } = endpoint;
  const settled = () => {
    setAsking(null);
    void client.invalidateQueries({ queryKey: ['endpoints', project] });
  };
  const stop = useMutation({
    mutationFn: () => stopEndpoint(project, name),
    onSettled: settled,
    onError: (error) => toastError(error, later('endpoints', 'page.stopFailed')),
  });
  const again = useMutation({
    mutationFn: () => deploy(project, { name, model: model?.name ?? '', version: model?.version ?? null }),
    onSettled: settled,
    onError: (error) => toastError(error, later('endpoints', 'deploy.failed')),
  });
  const remove = useMutation({
    mutationFn: () => deleteEndpoint(project, name),
    onSuccess: () => {
      client.removeQueries({ queryKey: endpointQuery(project, name).queryKey });
      void client.invalidateQueries({ queryKey: ['endpoints', project, 'list'] });
      go(projectPath(project, 'endpoints'));
    },
    onError: (error) => {
      setAsking(null);
      toastError(error, later('endpoints', 'page.deleteFailed'));
    },
  });
  return (
    <Page
      header={
        <PageHeader
          parents={parents}
          title={name}
          isName
          actions={
            mayChange && (
              <>
                {isStoppable(state) ? (
                  <Button onPress={() => setAsking('stop')}>
                    <CircleStop aria-hidden />
                    {t('page.stop')}
                  </Button>
                ) : (
                  model?.name && (
                    <Button variant="primary" isPending={again.isPending} onPress={() => again.mutate()}>
                      <Rocket aria-hidden />
                      {t('page.again')}
                    </Button>
                  )
                )}
                <Button variant="danger" onPress={() => setAsking('delete')}>
                  <Trash2 aria-hidden />
                  {t('delete', { ns: 'common' })}
                </Button>
              </>
            )
          }
        >
          <StateChip state={state} />
          <span className="truncate text-12 text-fg-3">{worded(endpoint).reason}</span>
        </PageHeader>
      }
    >
      <div className="mx-auto grid max-w-[1320px] grid-cols-[minmax(0,1fr)_400px] items-start gap-6 p-6">
        <div className="min-w-0 space-y-6">
          <Numbers endpoint={endpoint} />
          <TrafficCharts project={project} name={name} />
          <TryIt key={name} url={endpoint.url} isServing={isServing(state)} />
          <LogTail project={project} taskId={endpoint.task_id} isGoing={isStoppable(state)} />
        </div>
        <div className="min-w-0 space-y-6">
          <About project={project} endpoint={endpoint} />
          <Deployments project={project} name={name} taskId={endpoint.task_id} />
          <Snippets url={endpoint.url} />
        </div>
      </div>
      <ConfirmDialog
        title={t('page.stopTitle', { name })}
        isOpen={asking === 'stop'}
        onClose={() => setAsking(null)}
        confirmLabel={t('page.stop')}
        isPending={stop.isPending}
        isDanger
        onConfirm={() => stop.mutate()}
      >
        <p>{t('page.stopText')}</p>
      </ConfirmDialog>
      <ConfirmDialog
        title={t('page.deleteTitle', { name })}
        isOpen={asking === 'delete'}
        onClose={() => setAsking(null)}
        confirmLabel={t('delete', { ns: 'common' })}
        isPending={remove.isPending}
        isDanger
        onConfirm={() => remove.mutate()}
      >
        <p>{t('page.deleteText')}</p>
      </ConfirmDialog>
    </Page>
  );
}

function Numbers({ endpoint: { traffic } }: { endpoint: Endpoint }) {
  const { t } = useTranslation('endpoints');
  const { metric, count } = useFormat();
  const ms = (value: number | null) => (value === null ? '–' : `${metric(value)} ms`);
  const numbers = [
    { label: t('page.rate'), value: t('perSecond', { number: metric(traffic.requests_per_s) }) },
    { label: t('page.p50'), value: ms(traffic.p50_ms) },
    { label: t('page.p99'), value: ms(traffic.p99_ms) },
    { label: t('page.requests'), value: count(traffic.num_requests) },
    { label: t('page.errors'), value: count(traffic.num_errors), isBad: traffic.num_errors > 0 },
  ];
  return (
    <dl className="grid grid-cols-5 divide-x divide-line rounded-lg border border-line bg-surface">
      {numbers.map(({ label, value, isBad }) => (
        <div key={label} className="px-4 py-3">
          <dt className="truncate text-12 text-fg-3">{label}</dt>
          <dd className={`mt-0.5 text-16 font-semibold tabular-nums ${isBad ? 'text-failed' : ''}`}>
            {value}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function About({ project, endpoint }: { project: string; endpoint: Endpoint }) {
  const { t } = useTranslation('endpoints');
  const { model } = endpoint;
  const link = 'text-accent hover:underline';
  return (
    <Panel title={t('page.about')}>
      <div className="p-4">
        <KeyValue
          facts={[
            {
              label: t('list.model'),
              value: model?.name ? (
                <AppLink className={link} href={projectPath(project, 'models', model.name)}>
                  {model.name} v{model.version}
                </AppLink>
              ) : (
                t('page.unpublished')
              ),
            },
            {
              label: t('page.algorithm'),
              value: (
                <AppLink className={link} href={projectPath(project, 'algorithms', endpoint.algorithm)}>
                  {endpoint.algorithm} {endpoint.algorithm_version}
                </AppLink>
              ),
            },
            {
              label: t('page.run'),
              value: endpoint.run_id && (
                <AppLink className={link} href={projectPath(project, 'runs', endpoint.run_id)}>
                  #{endpoint.run_id}
                </AppLink>
              ),
            },
            { label: t('page.created'), value: <Time at={endpoint.created_at} /> },
            { label: t('page.ready'), value: endpoint.ready_at && <Time at={endpoint.ready_at} /> },
            {
              label: t('page.lastRequest'),
              value: endpoint.traffic.last_request_at && <Time at={endpoint.traffic.last_request_at} />,
            },
            { label: t('page.restarts'), value: endpoint.num_restarts },
          ]}
        />
      </div>
    </Panel>
  );
}

const LABELS: Record<SnippetLanguage, string> = { curl: 'curl', python: 'Python', javascript: 'JavaScript' };

function Snippets({ url }: { url: string }) {
  const { t } = useTranslation('endpoints');
  const [query, setQuery] = useQueryState();
  const language = SNIPPET_LANGUAGES.find((each) => each === query.code) ?? 'curl';
  return (
    <Panel title={t('page.call')}>
      <div className="space-y-3 p-4">
        <SegmentedControl
          label={t('page.language')}
          value={language}
          onChange={(code) => setQuery({ code })}
          items={SNIPPET_LANGUAGES.map((id) => ({ id, label: LABELS[id] }))}
        />
        <CodeBlock code={snippet(language, location.origin, url)} wraps />
        <p className="text-12 text-fg-3">
          {t('page.token')}{' '}
          <AppLink className="text-accent underline" href="/settings">
            {t('page.makeToken')}
          </AppLink>
        </p>
      </div>
    </Panel>
  );
}
