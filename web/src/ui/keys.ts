/** Whether commands are given with ⌘, as on a Mac, and not with Ctrl. */
export const isMac = /mac|iphone|ipad/i.test(navigator.platform);

const NAMES: Record<string, string> = { '⌘': 'Ctrl', '⇧': 'Shift', '⌥': 'Alt' };
const SIGNS = /^[⌘⇧⌥]+(?=.)/;

/** Keys written for a Mac (`⇧⌘Z`) as the reader's keyboard names them: `Ctrl+Shift+Z` elsewhere. */
export function shownKeys(keys: string, onMac: boolean = isMac): string {
  const signs = SIGNS.exec(keys)?.[0];
  if (onMac || signs === undefined) return keys;
  const order = Object.keys(NAMES).filter((sign) => signs.includes(sign));
  return [...order.map((sign) => NAMES[sign]), keys.slice(signs.length)].join('+');
}
