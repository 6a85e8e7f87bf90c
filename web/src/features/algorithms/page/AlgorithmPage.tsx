import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { BookOpen, Play, Trash2 } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMayChange } from '@/api/projects';
import { later } from '@/i18n';
import { useFormat } from '@/i18n/format';
import { Badge } from '@/ui/Badge';
import { Button } from '@/ui/Button';
import { CodeBlock } from '@/ui/CodeBlock';
import { ConfirmDialog } from '@/ui/Dialog';
import { EmptyState } from '@/ui/EmptyState';
import { ErrorState } from '@/ui/ErrorState';
import { KeyValue } from '@/ui/KeyValue';
import { Page, PageHeader } from '@/ui/PageHeader';
import { Panel } from '@/ui/Panel';
import { projectPath, useGo, useParam, useProject, useQueryState } from '@/ui/routing';
import { Select } from '@/ui/Select';
import { Skeleton, SkeletonRows } from '@/ui/Skeleton';
import { Tabs } from '@/ui/Tabs';
import { Time } from '@/ui/Time';
import { toastError } from '@/ui/Toast';
import { FUNCTIONS } from '@/viz/graph/colours';
import { type AlgorithmDetail, algorithmQuery, filesQuery, uninstall } from '../api';
import { FunctionView } from './FunctionView';
import { Markdown } from './Markdown';
import { tryable } from './tryModel';

const TryDialog = lazy(() => import('./TryDialog'));

export default function AlgorithmPage() {
  const { t } = useTranslation('algorithms');
  const project = useProject();
  const name = useParam('name');
  const [query] = useQueryState();
  const algorithm = useQuery(algorithmQuery(project, name, query.version));
  const parents = [{ label: t('title'), href: projectPath(project, 'algorithms') }];
  if (algorithm.isError) {
    return (
      <Page header={<PageHeader parents={parents} title={name} isName />}>
        <ErrorState error={algorithm.error} onRetry={() => void algorithm.refetch()} />
      </Page>
    );
  }
  if (!algorithm.data) {
    return (
      <Page header={<PageHeader parents={parents} title={name} isName />}>
        <Skeleton className="m-6 h-96" />
      </Page>
    );
  }
  return <Shown project={project} algorithm={algorithm.data} parents={parents} />;
}

interface ShownProps {
  project: string;
  algorithm: AlgorithmDetail;
  parents: { label: string; href: string }[];
}

function Shown({ project, algorithm, parents }: ShownProps) {
  const { t } = useTranslation('algorithms');
  const { localized, language, worded } = useFormat();
  const { readme } = worded(algorithm);
  const readmeLanguage =
    language === 'zh' && algorithm.readme_zh ? 'zh-CN' : algorithm.origin === 'builtin' ? 'en' : '';
  const go = useGo();
  const client = useQueryClient();
  const [query, setQuery] = useQueryState();
  const mayChange = useMayChange(project);
  const [isRemoving, setRemoving] = useState(false);
  const remove = useMutation({
    mutationFn: () => uninstall(project, algorithm.name),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['algorithms', project] });
      go(projectPath(project, 'algorithms'));
    },
    onError: (error) => {
      setRemoving(false);
      toastError(error, later('algorithms', 'page.removeFailed'));
    },
  });
  const canTry = mayChange ? tryable(algorithm) : [];
  const functions = FUNCTIONS.flatMap((name) => algorithm.interfaces.filter((each) => each.name === name));
  return (
    <Page
      header={
        <PageHeader
          parents={parents}
          title={localized(algorithm.title) || algorithm.name}
          actions={
            <>
              {algorithm.versions.length > 1 && (
                <Select
                  label={t('page.version')}
                  isLabelHidden
                  className="w-32"
                  value={algorithm.version}
                  onChange={(version) => setQuery({ version })}
                  options={algorithm.versions.map((id) => ({ id, label: id }))}
                />
              )}
              {mayChange && algorithm.origin === 'project' && (
                <Button variant="danger" onPress={() => setRemoving(true)}>
                  <Trash2 aria-hidden />
                  {t('page.remove')}
                </Button>
              )}
              {canTry.length > 0 && (
                <Button
                  variant="primary"
                  onPress={() =>
                    // The function that is looked at, where it can be tried.
                    setQuery({ try: (canTry.find(({ name }) => name === query.tab) ?? canTry[0])?.name })
                  }
                >
                  <Play aria-hidden />
                  {t('try.action')}
                </Button>
              )}
            </>
          }
        >
          <Badge>{algorithm.version}</Badge>
          {algorithm.origin === 'builtin' && <Badge tone="accent">{t('list.builtin')}</Badge>}
        </PageHeader>
      }
    >
      <div className="mx-auto grid max-w-[1240px] grid-cols-[minmax(0,1fr)_300px] items-start gap-6 p-6">
        <div className="min-w-0 space-y-6">
          <p className="max-w-prose text-14 leading-6 text-fg-2">{localized(algorithm.description)}</p>
          <Panel className="flex min-h-96 flex-col overflow-hidden">
            <Tabs
              label={t('page.functions')}
              value={query.tab ?? functions[0]?.name ?? 'readme'}
              onChange={(tab) => setQuery({ tab })}
              listClassName="px-4!"
              items={[
                ...functions.map((each) => ({
                  id: each.name,
                  label: t(`function.${each.name}`, { ns: 'pipelines' }),
                  content: <FunctionView of={each} />,
                })),
                {
                  id: 'readme',
                  label: 'README',
                  content:
                    readme.trim() === '' ? (
                      <EmptyState icon={BookOpen} title={t('page.noReadme')} />
                    ) : (
                      <div lang={readmeLanguage}>
                        <Markdown source={readme} />
                      </div>
                    ),
                },
                {
                  id: 'files',
                  label: t('page.files'),
                  content: <Files project={project} digest={algorithm.tree} />,
                },
              ]}
            />
          </Panel>
        </div>
        <Panel title={t('page.about')}>
          <div className="space-y-4 p-4">
            <KeyValue
              labelWidth="88px"
              facts={[
                { label: t('page.name'), value: <code className="font-mono text-12">{algorithm.name}</code> },
                {
                  label: t('page.task'),
                  value: t(`task.${algorithm.task}`, { defaultValue: algorithm.task }),
                },
                { label: t('page.licence'), value: algorithm.licence },
                {
                  label: t('page.environment'),
                  value: t(`environment.${algorithm.environment}`, {
                    ns: 'common',
                    defaultValue: algorithm.environment,
                  }),
                },
                { label: t('page.installed'), value: <Time at={algorithm.installed_at} /> },
                { label: t('page.by'), value: algorithm.installed_by },
              ]}
            />
            <CodeBlock code={`kpl algorithm show ${algorithm.name}`} />
          </div>
        </Panel>
      </div>
      {query.try && canTry.length > 0 && (
        <Suspense>
          <TryDialog
            project={project}
            algorithm={algorithm}
            functions={canTry}
            first={query.try}
            onClose={() => setQuery({ try: undefined })}
          />
        </Suspense>
      )}
      <ConfirmDialog
        title={t('page.removeTitle', { name: algorithm.name })}
        isOpen={isRemoving}
        onClose={() => setRemoving(false)}
        confirmLabel={t('page.remove')}
        isDanger
        isPending={remove.isPending}
        onConfirm={() => remove.mutate()}
      >
        <p>{t('page.removeText')}</p>
      </ConfirmDialog>
    </Page>
  );
}

function Files({ project, digest }: { project: string; digest: string }) {
  const { bytes } = useFormat();
  const files = useQuery(filesQuery(project, digest));
  if (files.isError) return <ErrorState error={files.error} isInline />;
  if (!files.data) return <SkeletonRows className="p-4" />;
  return (
    <ul className="py-1">
      {files.data.files.map((file) => (
        <li key={file.path} className="flex h-8 items-center gap-3 px-4">
          <span translate="no" className="min-w-0 flex-1 truncate font-mono text-12">
            {file.path}
          </span>
          <span className="text-12 text-fg-3 tabular-nums">{bytes(file.size_bytes)}</span>
        </li>
      ))}
    </ul>
  );
}
