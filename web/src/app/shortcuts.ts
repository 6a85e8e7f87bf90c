export type KeyAction = 'palette' | 'keys' | 'search' | 'prefix' | { go: string } | null;

interface Key {
  key: string;
  metaKey: boolean;
  ctrlKey: boolean;
  altKey: boolean;
  target: EventTarget | null;
}

/** What a key means on any page; `before` is the key before it when that was the `g` of "go to". */
export function keyAction(event: Key, before: string): KeyAction {
  if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === 'k') return 'palette';
  if (event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target)) return null;
  if (before === 'g' && /^[a-z]$/.test(event.key)) return { go: event.key };
  if (event.key === 'g') return 'prefix';
  if (event.key === '?') return 'keys';
  return event.key === '/' ? 'search' : null;
}

/** Whether a key pressed there is text, and no command. */
export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName))
  );
}
