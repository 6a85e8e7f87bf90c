import { useQuery } from '@tanstack/react-query';
import { Radio, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMayChange } from '@/api/projects';
import { Badge } from '@/ui/Badge';
import { Button } from '@/ui/Button';
import { ErrorState } from '@/ui/ErrorState';
import { IconButton } from '@/ui/IconButton';
import { PageHeader } from '@/ui/PageHeader';
import { projectPath, useParam, useProject, useQueryState } from '@/ui/routing';
import { SkeletonRows } from '@/ui/Skeleton';
import { Tabs } from '@/ui/Tabs';
import { VersionMenu } from '@/ui/VersionMenu';
import { modelQuery, modelVersionQuery } from './api';
import { CardTab } from './CardTab';
import { DeleteModel } from './DeleteModel';
import { DeployDialog } from './DeployDialog';
import { EvaluationsTab } from './EvaluationsTab';
import { FilesTab } from './FilesTab';
import { SummaryTab } from './SummaryTab';
import { TargetsTab } from './TargetsTab';

/** One model: how good it is, where it comes from, what it consists of. */
export default function ModelPage() {
  const { t } = useTranslation('models');
  const project = useProject();
  const name = useParam('name');
  const [query, setQuery] = useQueryState();
  const [dialog, setDialog] = useState<'deploy' | 'delete' | null>(null);
  const model = useQuery(modelQuery(project, name));
  const latest = model.data?.latest.version ?? 1;
  const number = model.data?.versions.find(({ version }) => String(version) === query.v)?.version ?? latest;
  const version = useQuery({ ...modelVersionQuery(project, name, number), enabled: model.isSuccess });
  const mayChange = useMayChange(project);
  const parents = [{ label: t('title'), href: projectPath(project, 'models') }];
  const failed = model.isError ? model : version.isError ? version : null;
  if (failed !== null || model.isPending || version.isPending)
    return (
      <>
        <PageHeader parents={parents} title={name} isName />
        {failed ? (
          <ErrorState error={failed.error} onRetry={() => void failed.refetch()} />
        ) : (
          <SkeletonRows className="p-6" />
        )}
      </>
    );
  if (!version.data || !model.data) return null;
  return (
    <div className="flex h-full flex-col">
      <PageHeader
        parents={parents}
        title={name}
        isName
        actions={
          mayChange && (
            <>
              <IconButton icon={Trash2} label={t('delete')} onPress={() => setDialog('delete')} />
              <Button variant="primary" onPress={() => setDialog('deploy')}>
                <Radio aria-hidden />
                {t('deploy')}
              </Button>
            </>
          )
        }
      >
        <Badge tone="model">{t(`kind.${version.data.task}`, { defaultValue: version.data.task })}</Badge>
        <VersionMenu
          versions={model.data.versions.map((item) => item.version)}
          value={number}
          onChange={(v) => setQuery({ v: v === latest ? undefined : String(v) })}
        />
      </PageHeader>
      <Tabs
        label={name}
        value={query.tab ?? 'summary'}
        onChange={(tab) => setQuery({ tab: tab === 'summary' ? undefined : tab }, { push: true })}
        className="bg-surface"
        panelClassName="bg-bg"
        items={[
          {
            id: 'summary',
            label: t('tabs.summary'),
            content: <SummaryTab project={project} model={model.data} version={version.data} />,
          },
          {
            id: 'evaluations',
            label: t('tabs.evaluations'),
            count: version.data.evaluations.filter((each) => each.function === 'test').length,
            content: <EvaluationsTab project={project} version={version.data} />,
          },
          {
            id: 'targets',
            label: t('tabs.targets'),
            content: <TargetsTab project={project} version={version.data} />,
          },
          {
            id: 'files',
            label: t('tabs.files'),
            count: version.data.files.length,
            content: <FilesTab project={project} version={version.data} />,
          },
          {
            id: 'card',
            label: t('tabs.card'),
            content: <CardTab project={project} version={version.data} />,
          },
        ]}
      />
      {dialog === 'deploy' && (
        <DeployDialog project={project} version={version.data} onClose={() => setDialog(null)} />
      )}
      {dialog === 'delete' && (
        <DeleteModel
          project={project}
          model={model.data}
          version={version.data}
          onClose={() => setDialog(null)}
        />
      )}
    </div>
  );
}
