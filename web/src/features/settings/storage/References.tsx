import { useTranslation } from 'react-i18next';
import { AppLink } from '@/ui/routing';
import { taskTitle } from '@/viz/tasks/FailedTasks';
import type { Reference } from './api';
import { pathOf } from './model';

/** What refers to an artifact, as links where there is a page; those of one project have its name after the last. */
export function References({ references, hasMore }: { references: Reference[]; hasMore?: boolean }) {
  const { t } = useTranslation('settings');
  if (references.length === 0) return <span className="text-fg-3">{t('storage.unreferenced')}</span>;
  return (
    <ul className="flex flex-wrap gap-x-3 gap-y-0.5">
      {references.map((reference, index) => {
        const { type, project, version, task_id, algorithm } = reference;
        const name = algorithm ? taskTitle(t, { ...reference, algorithm }) : reference.name;
        const href = pathOf(reference);
        const text = t(`storage.reference.${type}`, { name, version, id: task_id });
        return (
          <li key={`${type} ${project} ${name} ${version} ${task_id}`} className="flex items-baseline gap-1">
            {href ? (
              <AppLink translate="no" href={href} className="text-accent hover:underline">
                {text}
              </AppLink>
            ) : (
              <span translate="no">{text}</span>
            )}
            {references[index + 1]?.project !== project && (
              <span translate={project ? 'no' : undefined} className="text-11 text-fg-3">
                {project ?? t('storage.builtin')}
              </span>
            )}
          </li>
        );
      })}
      {hasMore && <li className="text-fg-3">{t('storage.andMore')}</li>}
    </ul>
  );
}
