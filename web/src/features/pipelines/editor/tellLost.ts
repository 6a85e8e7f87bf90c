import { later } from '@/i18n';
import { toast } from '@/ui/Toast';
import type { PipelineDocument } from '@/viz/graph/document';
import type { Store } from './history';
import type { Swapped } from './swap';

/** Says what a swap left out, and offers to undo it; nothing when all was kept. */
export function tellLost(store: Store<PipelineDocument>, { parameters, links }: Swapped['lost']): void {
  const lost = [...parameters, ...links];
  if (lost.length === 0) return;
  toast({
    tone: 'info',
    title: later('pipelines', 'swap.lost'),
    detail: lost.join(', '),
    action: { label: later('pipelines', 'canvas.undo'), onPress: () => store.undo() },
  });
}
