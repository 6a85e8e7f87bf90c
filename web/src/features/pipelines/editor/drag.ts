import type { DocumentNode } from '@/viz/graph/document';

/** What is carried from the palette to the canvas. */
export const DRAG_TYPE = 'application/x-kpl-node';

export type Dragged = Omit<DocumentNode, 'id'> & { id?: string };

export function readDragged(text: string): Dragged | null {
  try {
    const node = JSON.parse(text) as Dragged;
    return ['dataset', 'model', 'algorithm', 'condition'].includes(node.type) ? node : null;
  } catch {
    return null;
  }
}

/** Whether what is dragged may take the place of a step's. */
export function canSwap(node: DocumentNode, by: Dragged): boolean {
  if (node.type === 'condition') return false;
  return node.type === by.type && (node.type !== 'algorithm' || node.function === by.function);
}
