import { useSyncExternalStore } from 'react';

export type Overlay = 'none' | 'palette' | 'keys';

let overlay: Overlay = 'none';
const listeners = new Set<() => void>();

export function showOverlay(next: Overlay): void {
  overlay = next;
  for (const listener of listeners) listener();
}

export const openPalette = (): void => showOverlay('palette');

export function useOverlay(): Overlay {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => overlay,
  );
}
