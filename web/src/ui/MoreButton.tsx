import { useTranslation } from 'react-i18next';
import { Button } from './Button';

interface MoreButtonProps {
  /** A list that comes in pages. */
  list: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => Promise<unknown> };
}

/** Reads the next page of a list; nothing where all is there. */
export function MoreButton({ list }: MoreButtonProps) {
  const { t } = useTranslation();
  if (!list.hasNextPage) return null;
  return (
    <div className="grid place-items-center p-4">
      <Button isPending={list.isFetchingNextPage} onPress={() => void list.fetchNextPage()}>
        {t('loadMore')}
      </Button>
    </div>
  );
}
