import { useInfiniteQuery } from '@tanstack/react-query';
import { LayoutTemplate } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { EmptyState } from '@/ui/EmptyState';
import { ErrorState } from '@/ui/ErrorState';
import { MoreButton } from '@/ui/MoreButton';
import { useQueryState } from '@/ui/routing';
import { SegmentedControl } from '@/ui/SegmentedControl';
import { templatesQuery } from '../api';
import { TemplateCards } from './TemplateCards';

const ALL = 'all';
const ORIGINS = ['project', 'builtin', 'shared'] as const;

/** The gallery of templates: all, or the project's own, those of KPL, those that other projects share. */
export function TemplatesTab({ project }: { project: string }) {
  const { t } = useTranslation('pipelines');
  const [query, setQuery] = useQueryState();
  const origin = ORIGINS.find((each) => each === query.origin);
  const templates = useInfiniteQuery(templatesQuery(project, origin));
  const items = templates.data?.pages.flatMap((page) => page.items);
  const word = origin ?? ALL;
  return (
    <>
      <div className="px-6 pt-4">
        <SegmentedControl
          label={t('templates.from.label')}
          value={word}
          onChange={(id) => setQuery({ origin: id === ALL ? undefined : id })}
          items={[ALL, ...ORIGINS].map((id) => ({ id, label: t(`templates.from.${id}`) }))}
        />
      </div>
      {templates.isLoadingError ? (
        <ErrorState error={templates.error} onRetry={() => void templates.refetch()} />
      ) : items?.length === 0 ? (
        <EmptyState icon={LayoutTemplate} title={t(`templates.emptyTitle.${word}`)}>
          {t(`templates.emptyText.${word}`)}
        </EmptyState>
      ) : (
        <TemplateCards project={project} templates={items} />
      )}
      <MoreButton list={templates} />
    </>
  );
}
