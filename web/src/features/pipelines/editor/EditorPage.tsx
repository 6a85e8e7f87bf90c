import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { ErrorState } from '@/ui/ErrorState';
import { Page, PageHeader } from '@/ui/PageHeader';
import { projectPath, useParam, useProject } from '@/ui/routing';
import { Skeleton } from '@/ui/Skeleton';
import { pipelineQuery, useAssets } from '../api';
import { Editor } from './Editor';

export default function EditorPage() {
  const { t } = useTranslation('pipelines');
  const project = useProject();
  const name = useParam('name');
  const pipeline = useQuery({ ...pipelineQuery(project, name), staleTime: Number.POSITIVE_INFINITY });
  const assets = useAssets(project);
  const parents = [{ label: t('title'), href: projectPath(project, 'pipelines') }];
  const error = pipeline.error ?? assets.error;
  if (error) {
    return (
      <Page header={<PageHeader parents={parents} title={name} />}>
        <ErrorState error={error} onRetry={() => void pipeline.refetch()} />
      </Page>
    );
  }
  if (!pipeline.data || assets.isPending) {
    return (
      <Page header={<PageHeader parents={parents} title={name} />}>
        <div className="grid h-full grid-cols-[240px_1fr] gap-4 p-4">
          <Skeleton />
          <Skeleton />
        </div>
      </Page>
    );
  }
  return (
    <Editor
      key={`${project}/${name}`}
      project={project}
      pipeline={pipeline.data}
      assets={assets}
      parents={parents}
    />
  );
}
