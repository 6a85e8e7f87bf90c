import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useLiveQueries } from '@/api/live';
import { ErrorState } from '@/ui/ErrorState';
import { Page, PageHeader } from '@/ui/PageHeader';
import { projectPath, useParam, useProject } from '@/ui/routing';
import { Skeleton } from '@/ui/Skeleton';
import { useAssets } from '@/viz/graph/assets';
import { draftQuery, pipelineQuery } from '../api';
import { Editor } from './Editor';

export default function EditorPage() {
  const { t } = useTranslation('pipelines');
  const project = useProject();
  const name = useParam('name');
  const pipeline = useQuery({ ...pipelineQuery(project, name), refetchOnMount: 'always' });
  const draft = useQuery(draftQuery(project, name));
  const assets = useAssets(project);
  // Somebody else who saves is seen at once, not only when one saves oneself.
  useLiveQueries([`project:${project}`], (event) =>
    event.type === 'pipeline' && event.data.name === name ? [pipelineQuery(project, name).queryKey] : [],
  );
  const parents = [{ label: t('title'), href: projectPath(project, 'pipelines') }];
  const isReady = pipeline.isFetchedAfterMount && draft.isFetchedAfterMount && !assets.isPending;
  const error = pipeline.error ?? draft.error ?? assets.error;
  // Once it is open it stays open, also when the pipeline was deleted meanwhile: what is drawn can be saved elsewhere.
  if (error && !(pipeline.data && draft.isSuccess)) {
    return (
      <Page header={<PageHeader parents={parents} title={name} isName />}>
        <ErrorState
          error={error}
          onRetry={() => {
            void pipeline.refetch();
            void draft.refetch();
          }}
        />
      </Page>
    );
  }
  if (!pipeline.data || draft.data === undefined || !isReady) {
    return (
      <Page header={<PageHeader parents={parents} title={name} isName />}>
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
      draft={draft.data}
      assets={assets}
      parents={parents}
    />
  );
}
