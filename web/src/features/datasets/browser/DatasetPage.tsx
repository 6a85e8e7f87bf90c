import { useQuery } from '@tanstack/react-query';
import { Trash2, Upload } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMayChange } from '@/api/projects';
import { useFormat } from '@/i18n/format';
import { Badge } from '@/ui/Badge';
import { ErrorState } from '@/ui/ErrorState';
import { IconButton } from '@/ui/IconButton';
import { PageHeader } from '@/ui/PageHeader';
import { projectPath, useParam, useProject, useQueryState } from '@/ui/routing';
import { SkeletonRows } from '@/ui/Skeleton';
import { Tabs } from '@/ui/Tabs';
import { VersionMenu } from '@/ui/VersionMenu';
import { datasetQuery } from '../api';
import { ReadOnly } from '../ReadOnly';
import { SamplesTab } from './SamplesTab';
import { UseMenu } from './UseMenu';

// Only the samples come with the page.
const StatisticsTab = lazy(() => import('../statistics/StatisticsTab'));
const VersionsTab = lazy(() => import('../versions/VersionsTab'));
const DeleteDataset = lazy(() => import('./DeleteDataset'));
const ImportDialog = lazy(() => import('../importing/ImportDialog'));

/** One dataset: its samples, what they amount to, its versions. */
export default function DatasetPage() {
  const { t } = useTranslation('datasets');
  const { bytes } = useFormat();
  const project = useProject();
  const name = useParam('name');
  const [query, setQuery] = useQueryState();
  const [isDeleting, setDeleting] = useState(false);
  const mayChange = useMayChange(project);
  const dataset = useQuery(datasetQuery(project, name));
  const parents = [{ label: t('title'), href: projectPath(project, 'datasets') }];
  if (dataset.isPending)
    return (
      <>
        <PageHeader parents={parents} title={name} isName />
        <SkeletonRows className="p-6" />
      </>
    );
  if (dataset.isError)
    return (
      <>
        <PageHeader parents={parents} title={name} isName />
        <ErrorState error={dataset.error} onRetry={() => void dataset.refetch()} />
      </>
    );
  const { versions, latest } = dataset.data;
  const version = versions.find((item) => String(item.version) === query.v) ?? latest;
  return (
    <div className="flex h-full flex-col">
      <PageHeader
        parents={parents}
        title={name}
        isName
        actions={
          mayChange ? (
            <>
              <IconButton icon={Trash2} label={t('deleteDataset')} onPress={() => setDeleting(true)} />
              <IconButton
                icon={Upload}
                label={t('importVersion')}
                onPress={() => setQuery({ import: '1' })}
              />
              <UseMenu project={project} name={name} kind={version.kind} />
            </>
          ) : (
            <ReadOnly />
          )
        }
      >
        <Badge tone="dataset">{t(`kind.${version.kind}`, { defaultValue: version.kind })}</Badge>
        <VersionMenu
          versions={versions.map((item) => item.version)}
          value={version.version}
          onChange={(v) => setQuery({ v: v === latest.version ? undefined : String(v), sample: undefined })}
        />
        <span className="hidden text-12 whitespace-nowrap text-fg-3 xl:inline">
          {bytes(version.size_bytes)}
        </span>
      </PageHeader>
      <Tabs
        label={name}
        value={query.tab ?? 'samples'}
        onChange={(tab) => setQuery({ tab: tab === 'samples' ? undefined : tab }, { push: true })}
        className="bg-surface"
        panelClassName="bg-bg"
        items={[
          {
            id: 'samples',
            label: t('tabs.samples'),
            isFull: true,
            content: (
              <SamplesTab
                key={`${project}/${name}@${version.version}`}
                project={project}
                version={version}
                isNewest={version.version === latest.version}
                mayChange={mayChange}
              />
            ),
          },
          {
            id: 'statistics',
            label: t('tabs.statistics'),
            content: (
              <Suspense fallback={<SkeletonRows className="p-6" />}>
                <StatisticsTab project={project} version={version} />
              </Suspense>
            ),
          },
          {
            id: 'versions',
            label: t('tabs.versions'),
            count: versions.length,
            content: (
              <Suspense fallback={<SkeletonRows className="p-6" />}>
                <VersionsTab project={project} dataset={dataset.data} mayChange={mayChange} />
              </Suspense>
            ),
          },
        ]}
      />
      {query.import && mayChange && (
        <Suspense>
          <ImportDialog
            project={project}
            name={name}
            initialFiles={[]}
            onClose={() => setQuery({ import: undefined })}
          />
        </Suspense>
      )}
      {isDeleting && (
        <Suspense>
          <DeleteDataset project={project} dataset={dataset.data} onClose={() => setDeleting(false)} />
        </Suspense>
      )}
    </div>
  );
}
