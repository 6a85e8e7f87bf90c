import { useQuery } from '@tanstack/react-query';
import { PackagePlus, Sigma } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMayChange } from '@/api/projects';
import { useFormat } from '@/i18n/format';
import { Badge } from '@/ui/Badge';
import { Button } from '@/ui/Button';
import { EmptyState } from '@/ui/EmptyState';
import { ErrorState } from '@/ui/ErrorState';
import { ListHeader } from '@/ui/ListHeader';
import { Page } from '@/ui/PageHeader';
import { SectionTitle } from '@/ui/Panel';
import { AppLink, projectPath, useProject, useQueryState } from '@/ui/routing';
import { Skeleton } from '@/ui/Skeleton';
import { FUNCTIONS } from '@/viz/graph/colours';
import { FunctionChip } from '@/viz/graph/icons';
import { type Algorithm, algorithmsQuery } from '../api';
import { byTask } from '../model';
import { InstallDialog } from './InstallDialog';

/** What is installed, by what it is for. */
export default function AlgorithmsPage() {
  const { t } = useTranslation('algorithms');
  const { language, count } = useFormat();
  const project = useProject();
  const [query, setQuery] = useQueryState();
  const [isInstalling, setInstalling] = useState(false);
  const algorithms = useQuery(algorithmsQuery(project));
  const groups = byTask(algorithms.data?.items ?? [], query.q ?? '', language);
  const mayChange = useMayChange(project);
  const install = mayChange && (
    <Button variant="primary" onPress={() => setInstalling(true)}>
      <PackagePlus aria-hidden />
      {t('install.action')}
    </Button>
  );
  const all = algorithms.data?.items ?? [];
  const header = (
    <ListHeader
      title={t('title')}
      count={all.length > 0 ? count(all.length) : undefined}
      search={
        all.length > 0 && { label: t('list.search'), value: query.q ?? '', onChange: (q) => setQuery({ q }) }
      }
      actions={install}
    />
  );
  return (
    <Page header={header}>
      <div className="p-6">
        {algorithms.isError && (
          <ErrorState error={algorithms.error} onRetry={() => void algorithms.refetch()} />
        )}
        {algorithms.isPending && (
          <div className="grid grid-cols-3 gap-4">
            {[0, 1, 2].map((index) => (
              <Skeleton key={index} className="h-40" />
            ))}
          </div>
        )}
        {algorithms.data?.items.length === 0 && (
          <EmptyState
            icon={Sigma}
            title={t('list.emptyTitle')}
            action={install}
            command="kpl algorithm install FOLDER"
          >
            {t('list.emptyText')}
          </EmptyState>
        )}
        {algorithms.data && algorithms.data.items.length > 0 && (
          <>
            {groups.length === 0 && <p className="p-8 text-center text-fg-3">{t('list.nothingFound')}</p>}
            {groups.map(({ task, items }) => (
              <section key={task} className="mb-7">
                <SectionTitle aside={String(items.length)}>
                  {t(`task.${task}`, { defaultValue: t(`kind.${task}`, { defaultValue: task }) })}
                </SectionTitle>
                <ul className="grid grid-cols-[repeat(auto-fill,minmax(340px,1fr))] gap-4">
                  {items.map((algorithm) => (
                    <li key={algorithm.name}>
                      <Card project={project} algorithm={algorithm} />
                    </li>
                  ))}
                </ul>
              </section>
            ))}
          </>
        )}
      </div>
      <InstallDialog project={project} isOpen={isInstalling} onClose={() => setInstalling(false)} />
    </Page>
  );
}

function Card({ project, algorithm }: { project: string; algorithm: Algorithm }) {
  const { t } = useTranslation('algorithms');
  const { localized } = useFormat();
  return (
    <AppLink
      href={projectPath(project, 'algorithms', algorithm.name)}
      className="flex h-full flex-col gap-2.5 rounded-lg border border-line bg-surface p-4 transition-colors hover:border-line-strong"
    >
      <div className="flex items-baseline gap-2">
        <h3 className="min-w-0 truncate text-14 font-semibold">
          {localized(algorithm.title) || algorithm.name}
        </h3>
        <span className="shrink-0 text-12 text-fg-3">{algorithm.version}</span>
        <span className="flex-1" />
        {algorithm.origin === 'builtin' && <Badge>{t('list.builtin')}</Badge>}
      </div>
      <p className="line-clamp-3 text-13 text-fg-2">{localized(algorithm.description)}</p>
      <div className="mt-auto flex flex-wrap gap-1 pt-1">
        {FUNCTIONS.filter((name) => algorithm.functions.includes(name)).map((name) => (
          <FunctionChip key={name} name={name} label={t(`function.${name}`, { ns: 'pipelines' })} />
        ))}
      </div>
    </AppLink>
  );
}
