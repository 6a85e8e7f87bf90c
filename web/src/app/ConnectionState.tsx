import { useTranslation } from 'react-i18next';
import { useConnection } from '@/api/live';
import { cx } from '@/ui/cx';

const DOTS = { open: 'bg-ok', connecting: 'bg-queued', lost: 'bg-warning' };

/** Whether live updates are coming. */
export function ConnectionState({ hasWords }: { hasWords: boolean }) {
  const { t } = useTranslation();
  const connection = useConnection();
  const words = t(`live.${connection}`);
  return (
    <span
      role="status"
      title={words}
      className={cx(
        'flex items-center gap-2 text-12 text-fg-3',
        hasWords ? 'min-w-0 flex-1 pl-2' : 'size-8 justify-center',
      )}
    >
      <span className={cx('size-2 shrink-0 rounded-full', DOTS[connection])} />
      <span className={hasWords ? 'truncate' : 'sr-only'}>{words}</span>
    </span>
  );
}
