import { useTranslation } from 'react-i18next';
import { Page, PageHeader } from '@/ui/PageHeader';

export default function OverviewPage() {
  const { t } = useTranslation();
  return <Page header={<PageHeader title={t('nav.overview')} />}>{null}</Page>;
}
