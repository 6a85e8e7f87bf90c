import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Badge } from '@/ui/Badge';
import { Button } from '@/ui/Button';
import { Dialog } from '@/ui/Dialog';
import { ErrorState } from '@/ui/ErrorState';
import { SkeletonRows } from '@/ui/Skeleton';
import { Time } from '@/ui/Time';
import { toastError } from '@/ui/Toast';
import { getRevision, type PipelineDetail, revisionsQuery } from '../api';

interface HistoryDialogProps {
  project: string;
  name: string;
  current: number;
  onClose: () => void;
  onPick: (revision: PipelineDetail) => void;
}

/** All saves of the pipeline; one of them can be taken up again. */
export function HistoryDialog({ project, name, current, onClose, onPick }: HistoryDialogProps) {
  const { t } = useTranslation('pipelines');
  const revisions = useQuery(revisionsQuery(project, name));
  const [loading, setLoading] = useState<number | null>(null);
  const pick = async (revision: number) => {
    setLoading(revision);
    try {
      onPick(await getRevision(project, name, revision));
    } catch (error) {
      toastError(error, t('editor.loadFailed'));
      setLoading(null);
    }
  };
  return (
    <Dialog title={t('editor.history')} isOpen onClose={onClose}>
      {revisions.isError && <ErrorState error={revisions.error} isInline />}
      {revisions.isPending && <SkeletonRows />}
      <ol className="-mx-2">
        {revisions.data?.items.map((each) => (
          <li key={each.revision} className="flex h-10 items-center gap-3 rounded-md px-2 hover:bg-sunken">
            <span className="w-10 font-medium">#{each.revision}</span>
            <span className="min-w-0 flex-1 truncate text-12 text-fg-2">
              <Time at={each.created_at} /> · {each.created_by} ·{' '}
              {t('templates.steps', { count: each.num_nodes })}
            </span>
            {each.revision === current ? (
              <Badge tone="ok">{t('editor.current')}</Badge>
            ) : (
              <Button
                size="small"
                isPending={loading === each.revision}
                onPress={() => void pick(each.revision)}
              >
                {t('editor.restore')}
              </Button>
            )}
          </li>
        ))}
      </ol>
    </Dialog>
  );
}
