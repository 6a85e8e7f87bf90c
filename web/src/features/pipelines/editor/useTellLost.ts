import { useTranslation } from 'react-i18next';
import { toast } from '@/ui/Toast';
import type { PipelineDocument } from '@/viz/graph/document';
import type { Store } from './history';
import type { Swapped } from './swap';

/** Says what a swap left out, and offers to undo it; nothing when all was kept. */
export function useTellLost(store: Store<PipelineDocument>): (lost: Swapped['lost']) => void {
  const { t } = useTranslation('pipelines');
  return ({ parameters, links }) => {
    const lost = [...parameters, ...links];
    if (lost.length === 0) return;
    toast({
      tone: 'info',
      title: t('swap.lost'),
      detail: lost.join(', '),
      action: { label: t('canvas.undo'), onPress: () => store.undo() },
    });
  };
}
