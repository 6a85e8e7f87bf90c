import { lazy, Suspense, useEffect } from 'react';
import { useGo, useProject } from '@/ui/routing';
import { destinationPath, destinations, settingsDestination } from './navigation';
import { showOverlay, useOverlay } from './paletteState';
import { keyAction } from './shortcuts';

const Palette = lazy(() => import('./Palette'));
const KeysDialog = lazy(() => import('./KeysDialog'));

/** Keys that work on every page, and what they open. */
export function Shortcuts() {
  const project = useProject();
  const go = useGo();
  const overlay = useOverlay();
  useEffect(() => {
    let before = '';
    const onKey = (event: KeyboardEvent) => {
      const action = keyAction(event, before);
      before = action === 'prefix' ? 'g' : '';
      if (action === null || action === 'prefix') return;
      event.preventDefault();
      if (action === 'palette' || action === 'keys') showOverlay(action);
      else if (action === 'search') document.querySelector<HTMLElement>('main input[type=search]')?.focus();
      else {
        const target = [...destinations, settingsDestination].find(({ key }) => key === action.go);
        if (target) go(destinationPath(target, project));
      }
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [go, project]);
  return (
    <Suspense>
      {overlay === 'palette' && <Palette />}
      {overlay === 'keys' && <KeysDialog />}
    </Suspense>
  );
}
