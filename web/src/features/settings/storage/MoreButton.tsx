import { useTranslation } from 'react-i18next';
import { Button } from '@/ui/Button';

interface Paged {
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => unknown;
}

/** The next page of a list, where there is one. */
export function MoreButton({ of: list }: { of: Paged }) {
  const { t } = useTranslation('settings');
  if (!list.hasNextPage) return null;
  return (
    <div className="p-3">
      <Button size="small" isPending={list.isFetchingNextPage} onPress={() => void list.fetchNextPage()}>
        {t('loadMore')}
      </Button>
    </div>
  );
}
