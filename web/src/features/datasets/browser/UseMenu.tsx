import { useQuery } from '@tanstack/react-query';
import { ChevronDown, LayoutTemplate, Workflow } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { Button } from '@/ui/Button';
import { Menu } from '@/ui/Menu';
import { projectPath } from '@/ui/routing';
import { templatesQuery } from '../api';

/** What to do with the dataset: a template that fits its kind, or the pipelines. */
export function UseMenu({ project, name, kind }: { project: string; name: string; kind: string }) {
  const { t } = useTranslation('datasets');
  const { localized } = useFormat();
  const templates = useQuery(templatesQuery(project)).data ?? [];
  const fitting = templates.filter(
    ({ task }) => kind === 'unlabelled' || task === kind || task === `image_${kind}`,
  );
  const dataset = `?dataset=${encodeURIComponent(name)}`;
  return (
    <Menu
      label={t('useInPipeline')}
      groups={[
        {
          title: t('templatesThatFit'),
          items: fitting.map((template) => ({
            id: template.name,
            label: localized(template.title) || template.name,
            icon: LayoutTemplate,
            href: projectPath(project, 'templates', template.name) + dataset,
          })),
        },
        {
          items: [
            {
              id: '/pipelines',
              label: t('toPipelines'),
              icon: Workflow,
              href: projectPath(project, 'pipelines'),
            },
          ],
        },
      ].filter(({ items }) => items.length > 0)}
    >
      <Button variant="primary">
        <Workflow aria-hidden />
        {t('useInPipeline')}
        <ChevronDown aria-hidden />
      </Button>
    </Menu>
  );
}
