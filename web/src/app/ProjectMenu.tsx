import { useQuery } from '@tanstack/react-query';
import { ChevronsUpDown, Users } from 'lucide-react';
import { Button } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { projectsQuery } from '@/api/projects';
import { Menu } from '@/ui/Menu';
import { projectPath } from '@/ui/routing';

/** Which project one works in, and the others. */
export function ProjectMenu({ project, hasWords }: { project: string; hasWords: boolean }) {
  const { t } = useTranslation();
  const projects = useQuery(projectsQuery).data ?? [];
  const title = projects.find(({ name }) => name === project)?.title || project;
  return (
    <Menu
      label={t('project.switch')}
      placement="bottom start"
      groups={[
        {
          title: t('project.label'),
          items: projects.map((item) => ({
            id: item.name,
            label: item.title || item.name,
            href: projectPath(item.name),
            isChecked: item.name === project,
          })),
        },
        {
          items: [{ id: '/manage', label: t('project.manage'), icon: Users, href: '/settings?tab=members' }],
        },
      ]}
    >
      <Button
        aria-label={`${t('project.label')}: ${title}`}
        className={
          hasWords
            ? 'flex h-8 min-w-0 flex-1 items-center gap-1 rounded-md px-1.5 text-left font-semibold hover:bg-sunken'
            : 'grid size-8 place-items-center rounded-md border border-line text-11 font-semibold text-fg-2 hover:bg-sunken hover:text-fg'
        }
      >
        <span translate="no" title={title} className={hasWords ? 'min-w-0 flex-1 truncate' : undefined}>
          {hasWords ? title : title.slice(0, 2)}
        </span>
        {hasWords && <ChevronsUpDown aria-hidden className="size-3.5 shrink-0 text-fg-3" />}
      </Button>
    </Menu>
  );
}
