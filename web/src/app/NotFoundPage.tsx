import { SearchX } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { LinkButton } from '@/ui/Button';
import { EmptyState } from '@/ui/EmptyState';
import { Page, PageHeader } from '@/ui/PageHeader';

export function NotFoundPage() {
  const { t } = useTranslation();
  return (
    <Page header={<PageHeader title={t('notFound.page')} />}>
      <EmptyState
        icon={SearchX}
        title={t('notFound.title')}
        action={
          <LinkButton href="/" variant="primary">
            {t('notFound.home')}
          </LinkButton>
        }
      >
        {t('notFound.detail')}
      </EmptyState>
    </Page>
  );
}
