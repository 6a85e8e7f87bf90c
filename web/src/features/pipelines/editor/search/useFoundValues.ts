import { useEffect, useRef } from 'react';
import { later } from '@/i18n';
import { toast } from '@/ui/Toast';
import type { PipelineDocument } from '@/viz/graph/document';
import { takeOver } from '@/viz/search/handover';
import { fixNodeParameters } from '../actions';
import type { Store } from '../history';

/** Puts the values that a search found, and that somebody chose to use, into what is drawn. */
export function useFoundValues(
  project: string,
  pipeline: string,
  store: Store<PipelineDocument>,
  onUsed: (node: string) => void,
): void {
  const used = useRef(onUsed);
  used.current = onUsed;
  useEffect(() => {
    const found = takeOver(project, pipeline);
    if (!found) return;
    const { node, trial, values } = found;
    if (!store.get().present.nodes?.some(({ id }) => id === node)) {
      toast({ tone: 'failed', title: later('pipelines', 'search.stepGone', { name: node }) });
      return;
    }
    store.change((current) => fixNodeParameters(current, node, values));
    used.current(node);
    toast({
      tone: 'ok',
      title: later('pipelines', 'search.used', { trial, name: node }),
      action: { label: later('pipelines', 'canvas.undo'), onPress: () => store.undo() },
    });
  }, [project, pipeline, store]);
}
