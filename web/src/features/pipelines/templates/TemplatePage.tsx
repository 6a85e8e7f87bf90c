import { useQuery, useQueryClient } from '@tanstack/react-query';
import { PencilRuler, Play, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMayChange } from '@/api/projects';
import { later } from '@/i18n';
import { Badge } from '@/ui/Badge';
import { Button, LinkButton } from '@/ui/Button';
import { ConfirmDialog } from '@/ui/Dialog';
import { ErrorState } from '@/ui/ErrorState';
import { IconButton } from '@/ui/IconButton';
import { Page, PageHeader } from '@/ui/PageHeader';
import { Panel } from '@/ui/Panel';
import { projectPath, useGo, useParam, useProject, useQueryState } from '@/ui/routing';
import { Select } from '@/ui/Select';
import { Skeleton } from '@/ui/Skeleton';
import { toastError } from '@/ui/Toast';
import { givenOnly } from '@/viz/form/model';
import { ParameterForm } from '@/viz/form/ParameterForm';
import { useAssets } from '@/viz/graph/assets';
import { type PipelineDocument, splitVersion } from '@/viz/graph/document';
import { MiniGraph } from '@/viz/graph/MiniGraph';
import { schemaTitle, textOf } from '@/viz/graph/schema';
import { DatasetCards } from '@/viz/pick/DatasetCards';
import { PlanPane } from '@/viz/plan/PlanPane';
import { usePlan } from '@/viz/plan/usePlan';
import { deleteTemplate, type TemplateDetail, templateQuery } from '../api';
import { NewPipelineDialog } from '../list/NewPipelineDialog';
import { neededKind, withDefaults } from './model';
import { ShareButton } from './ShareButton';

/** The simple way to a model: choose the data, see what would run, run. `?dataset=digits` chooses ahead. */
export default function TemplatePage() {
  const { t, i18n } = useTranslation('pipelines');
  const project = useProject();
  const name = useParam('name');
  const [query] = useQueryState();
  const revision = Number(query.revision) || undefined;
  const template = useQuery(templateQuery(project, name, revision));
  const parents = [{ label: t('title'), href: `${projectPath(project, 'pipelines')}?tab=templates` }];
  if (template.isError) {
    return (
      <Page header={<PageHeader parents={parents} title={name} isName />}>
        <ErrorState error={template.error} onRetry={() => void template.refetch()} />
      </Page>
    );
  }
  const title = template.data ? textOf(template.data.title, i18n.language) || name : name;
  if (!template.data) {
    return (
      <Page header={<PageHeader parents={parents} title={title} />}>
        <div className="space-y-4 p-6">
          <Skeleton className="h-40" />
          <Skeleton className="h-96" />
        </div>
      </Page>
    );
  }
  const document = template.data.document as unknown as PipelineDocument;
  return (
    <Wizard
      key={`${name} ${revision}`}
      template={template.data}
      title={title}
      parents={parents}
      document={document}
      isPinned={revision !== undefined}
    />
  );
}

interface WizardProps {
  template: TemplateDetail;
  title: string;
  parents: { label: string; href: string }[];
  document: PipelineDocument;
  /** An earlier save was asked for. */
  isPinned: boolean;
}

function Wizard({ template, title, parents, document, isPinned }: WizardProps) {
  const { t, i18n } = useTranslation('pipelines');
  const project = useProject();
  const assets = useAssets(project);
  const [query, setQuery] = useQueryState();
  const [isCopying, setCopying] = useState(false);
  const parameters = document.parameters ?? {};
  const datasetParameter = Object.entries(parameters).find(
    ([, schema]) => schema['x-kpl'] === 'dataset',
  )?.[0];
  const [values, setValues] = useState<Record<string, unknown>>(
    query.dataset && datasetParameter ? { [datasetParameter]: query.dataset } : {},
  );
  // The data stands apart, by its pictures.
  const others = Object.fromEntries(Object.entries(parameters).filter(([key]) => key !== datasetParameter));
  const kind = neededKind(document, assets.catalog);
  const { plan, isFit, mayRun, run } = usePlan(
    project,
    { template: template.name, revision: isPinned ? (template.revision ?? undefined) : undefined },
    document,
    values,
  );
  const isOwn = template.origin === 'project';
  const { revisions } = template;
  const mayChange = useMayChange(project);
  const hasData = !kind || assets.datasets.some(({ latest }) => latest.kind === kind);
  return (
    <Page
      header={
        <PageHeader
          parents={parents}
          title={title}
          actions={
            mayChange && (
              <>
                {revisions.length > 1 && (
                  <Select
                    label={t('templates.revision')}
                    isLabelHidden
                    className="w-44"
                    value={String(template.revision)}
                    onChange={(chosen) =>
                      setQuery({ revision: Number(chosen) === revisions[0]?.revision ? undefined : chosen })
                    }
                    options={revisions.map((each) => ({
                      id: String(each.revision),
                      label: t('templates.revisionNumber', { number: each.revision }),
                      note: each.created_by,
                    }))}
                  />
                )}
                {isOwn && <DeleteButton name={template.name} />}
                {isOwn && <ShareButton template={template} />}
                <Button onPress={() => setCopying(true)}>
                  <PencilRuler aria-hidden />
                  {t('templates.edit')}
                </Button>
                <Button
                  variant="primary"
                  isDisabled={!mayRun}
                  isPending={run.isPending}
                  onPress={() => run.mutate()}
                >
                  <Play aria-hidden />
                  {t('run.start')}
                </Button>
              </>
            )
          }
        >
          {template.origin === 'shared' && (
            <Badge>{t('templates.origin.shared', { project: template.project })}</Badge>
          )}
          {isOwn && template.is_shared && <Badge tone="accent">{t('templates.isShared')}</Badge>}
        </PageHeader>
      }
    >
      <div className="mx-auto grid max-w-[1160px] grid-cols-[minmax(320px,5fr)_6fr] items-start gap-6 p-6">
        <Panel className="col-span-2 overflow-hidden">
          <div className="grid grid-cols-[minmax(0,5fr)_minmax(0,6fr)] items-center">
            <p className="max-w-prose p-5 text-13 whitespace-pre-line text-fg-2">
              {textOf(document.description, i18n.language) ||
                t('templates.steps', { count: document.nodes?.length ?? 0 })}
            </p>
            <div className="border-l border-line bg-bg p-4">
              <MiniGraph
                document={document}
                catalog={assets.catalog}
                language={i18n.language}
                label={t('templates.preview', { name: title })}
                className="h-44 w-full"
              />
            </div>
          </div>
        </Panel>
        <Panel title={t('templates.choose')}>
          <div className="p-4">
            {datasetParameter && assets.isPending && <Skeleton className="mb-4 h-40" />}
            {datasetParameter && !assets.isPending && assets.datasets.length > 0 && (
              <div className="mb-4">
                <DatasetCards
                  project={project}
                  label={schemaTitle(datasetParameter, parameters[datasetParameter], i18n.language)}
                  datasets={assets.datasets}
                  kinds={kind ? [kind] : []}
                  value={splitVersion(String(values[datasetParameter] ?? '')).name || undefined}
                  onChange={(dataset) => setValues({ ...values, [datasetParameter]: dataset })}
                />
              </div>
            )}
            {!hasData && !assets.isPending && (
              <div className="mb-4 rounded-md border border-line bg-sunken p-3 text-13 text-fg-2">
                <p className="mb-2">
                  {t('templates.noData', { kind: t(`kind.${kind}`, { defaultValue: kind }) })}
                </p>
                <LinkButton href={projectPath(project, 'datasets')} size="small">
                  {t('templates.import')}
                </LinkButton>
              </div>
            )}
            {Object.keys(parameters).length === 0 && (
              <p className="text-13 text-fg-2">{t('templates.nothing')}</p>
            )}
            <ParameterForm
              parameters={others}
              values={values}
              onChange={(key, value) => setValues({ ...values, [key]: value })}
              assets={assets}
              kind={kind}
              isSimple
            />
          </div>
        </Panel>
        <Panel title={t('plan.title')} aside={t('plan.aside')} className="sticky top-6">
          <div className="p-4">
            <PlanPane plan={plan} isFit={isFit} document={document} project={project} />
          </div>
        </Panel>
      </div>
      <NewPipelineDialog
        project={project}
        isOpen={isCopying}
        onClose={() => setCopying(false)}
        document={withDefaults(document, givenOnly(parameters, values))}
        suggestion={document.name}
      />
    </Page>
  );
}

function DeleteButton({ name }: { name: string }) {
  const { t } = useTranslation('pipelines');
  const project = useProject();
  const go = useGo();
  const client = useQueryClient();
  const [isAsking, setAsking] = useState(false);
  const remove = () =>
    void deleteTemplate(project, name).then(
      () => {
        for (const key of ['templates', 'pipelines'])
          void client.invalidateQueries({ queryKey: [key, project] });
        go(`${projectPath(project, 'pipelines')}?tab=templates`);
      },
      (error) => toastError(error, later('pipelines', 'template.deleteFailed')),
    );
  return (
    <>
      <IconButton icon={Trash2} label={t('template.delete')} onPress={() => setAsking(true)} />
      <ConfirmDialog
        title={t('editor.deleteTitle', { name })}
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        confirmLabel={t('template.delete')}
        isDanger
        onConfirm={remove}
      >
        <p>{t('template.deleteText')}</p>
      </ConfirmDialog>
    </>
  );
}
