import { useQuery } from '@tanstack/react-query';
import { FolderX } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { projectsQuery } from '@/api/projects';
import { LinkButton } from '@/ui/Button';
import { EmptyState } from '@/ui/EmptyState';
import { Page, PageHeader } from '@/ui/PageHeader';
import { projectPath } from '@/ui/routing';

const SHOWN = 8;

/** Stands in for every page of a project that is not there, or not for this user: the way to those that are. */
export function MissingProject({ project }: { project: string }) {
  const { t } = useTranslation();
  const mine = useQuery(projectsQuery).data;
  return (
    <Page header={<PageHeader title={project} isName />}>
      <EmptyState
        icon={FolderX}
        title={t('project.missing', { project })}
        action={
          <span className="flex flex-wrap justify-center gap-2">
            {mine?.slice(0, SHOWN).map(({ name, title }) => (
              <LinkButton key={name} href={projectPath(name)}>
                {title || name}
              </LinkButton>
            ))}
          </span>
        }
      >
        {mine && t(mine.length > 0 ? 'project.missingWhy' : 'project.none')}
      </EmptyState>
    </Page>
  );
}
