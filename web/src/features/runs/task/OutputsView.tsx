import { useQuery } from '@tanstack/react-query';
import { Download, PackageOpen } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { outputFileUrl, outputsQuery } from '@/api/tasks';
import { useFormat } from '@/i18n/format';
import { EmptyState } from '@/ui/EmptyState';
import { ErrorState } from '@/ui/ErrorState';
import { Panel } from '@/ui/Panel';
import { AppLink, projectPath } from '@/ui/routing';
import { SkeletonRows } from '@/ui/Skeleton';
import { portColour } from '@/viz/graph/colours';
import { isReport } from '../model';
import { PortWords } from '../PortWords';
import { Published } from '../Published';

/** What a task left behind, with its files. */
export function OutputsView({ project, taskId }: { project: string; taskId: number }) {
  const { t } = useTranslation('runs');
  const { bytes, count } = useFormat();
  const outputs = useQuery(outputsQuery(project, taskId));
  if (outputs.isLoadingError)
    return <ErrorState error={outputs.error} onRetry={() => void outputs.refetch()} />;
  if (!outputs.data) return <SkeletonRows className="p-6" />;
  if (outputs.data.length === 0) return <EmptyState icon={PackageOpen} title={t('outputs.nothing')} />;
  return (
    <div className="grid grid-cols-[repeat(auto-fill,minmax(420px,1fr))] items-start gap-4 px-6 py-4">
      {outputs.data.map((output) => (
        <Panel
          key={output.name}
          title={
            <span className="flex items-center gap-2">
              <span
                aria-hidden
                className="size-2.5 rounded-full"
                style={{ backgroundColor: portColour(output.type) }}
              />
              <span translate="no">{output.name}</span>
              <span className="font-normal text-fg-3">
                <PortWords type={output.type} kind={output.kind} />
              </span>
            </span>
          }
          aside={
            output.size_bytes === null
              ? t('outputs.notYet')
              : t('outputs.size', {
                  count: output.num_files ?? 0,
                  files: count(output.num_files ?? 0),
                  size: bytes(output.size_bytes),
                })
          }
        >
          {isReport(output) && (
            <p className="border-b border-line px-4 py-2 text-13">
              <AppLink
                href={projectPath(project, 'evaluations', taskId)}
                className="font-medium text-accent hover:underline"
              >
                {t('outputs.openEvaluation')}
              </AppLink>
            </p>
          )}
          {output.published_as && (
            <p className="border-b border-line px-4 py-2 text-13">
              {t('outputs.published')} <Published type={output.type} name={output.published_as} />
            </p>
          )}
          <ul className="max-h-72 overflow-auto py-1">
            {output.files.map((file) => (
              <li key={file.path}>
                <a
                  href={outputFileUrl(project, taskId, output.name, file.path)}
                  download={file.path.split('/').at(-1)}
                  className="group flex h-8 items-center gap-3 px-4 hover:bg-sunken"
                >
                  <span translate="no" className="min-w-0 flex-1 truncate font-mono text-12">
                    {file.path}
                  </span>
                  <span className="shrink-0 text-12 text-fg-3 tabular-nums">{bytes(file.size_bytes)}</span>
                  <Download
                    aria-label={t('outputs.download')}
                    className="size-3.5 shrink-0 text-fg-3 group-hover:text-accent"
                  />
                </a>
              </li>
            ))}
          </ul>
          {output.num_files !== null && output.num_files > output.files.length && (
            <p className="border-t border-line px-4 py-2 text-12 text-fg-3">
              {t('outputs.more', { count: output.num_files - output.files.length })}
            </p>
          )}
        </Panel>
      ))}
    </div>
  );
}
