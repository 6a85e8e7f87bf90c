import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Badge } from '@/ui/Badge';
import { AppLink, projectPath } from '@/ui/routing';
import { Skeleton } from '@/ui/Skeleton';
import type { PipelineDocument } from '@/viz/graph/document';
import { MiniGraph } from '@/viz/graph/MiniGraph';
import { textOf } from '@/viz/graph/schema';
import { type Template, templateQuery } from '../api';

/** Templates as cards with a picture of their graph. */
export function TemplateCards({
  project,
  templates,
}: {
  project: string;
  templates: Template[] | undefined;
}) {
  return (
    <ul className="grid grid-cols-[repeat(auto-fill,minmax(360px,1fr))] gap-4 p-6">
      {templates === undefined
        ? [0, 1, 2].map((index) => <Skeleton key={index} className="h-64" />)
        : templates.map((template) => (
            <li key={template.name}>
              <Card project={project} template={template} />
            </li>
          ))}
    </ul>
  );
}

function Card({ project, template }: { project: string; template: Template }) {
  const { t, i18n } = useTranslation('pipelines');
  const detail = useQuery(templateQuery(project, template.name));
  const title = textOf(template.title, i18n.language) || template.name;
  return (
    <AppLink
      href={projectPath(project, 'templates', template.name)}
      className="flex h-full flex-col overflow-hidden rounded-lg border border-line bg-surface transition-colors hover:border-line-strong"
    >
      <div className="grid h-44 place-items-center border-b border-line bg-bg px-4">
        {detail.data ? (
          <MiniGraph
            document={detail.data.document as unknown as PipelineDocument}
            language={i18n.language}
            label={t('templates.preview', { name: title })}
            className="max-h-40 w-full"
          />
        ) : (
          <Skeleton className="h-24 w-full" />
        )}
      </div>
      <div className="flex flex-1 flex-col gap-1.5 p-4">
        <div className="flex items-center gap-2">
          <h2 className="truncate text-14 font-semibold" title={title}>
            {title}
          </h2>
          {template.task && <Badge>{t(`task.${template.task}`, { defaultValue: template.task })}</Badge>}
        </div>
        <p className="line-clamp-3 text-12 text-fg-2">{textOf(template.description, i18n.language)}</p>
        <p className="mt-auto truncate pt-1 text-12 text-fg-3" title={template.project ?? undefined}>
          {t('templates.steps', { count: template.num_nodes })} ·{' '}
          {t(`templates.origin.${template.origin}`, { project: template.project })}
          {template.origin === 'project' && template.is_shared && ` · ${t('templates.isShared')}`}
        </p>
      </div>
    </AppLink>
  );
}
