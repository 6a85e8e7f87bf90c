/** Chinese characters with their punctuation and full-width forms. */
const CHINESE = /[\u3000-\u303f\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]/;

/**
 * Calls back once, as soon as Chinese words stand below an element: names that users gave show on English pages too,
 * which otherwise go without the Chinese font.
 */
export function whenChinese(root: Element, found: () => void): void {
  if (CHINESE.test(root.textContent ?? '')) {
    found();
    return;
  }
  const observer = new MutationObserver((mutations) => {
    const texts = mutations.flatMap(({ type, target, addedNodes }) =>
      type === 'characterData' ? [target] : [...addedNodes],
    );
    if (!texts.some(({ textContent }) => CHINESE.test(textContent ?? ''))) return;
    observer.disconnect();
    found();
  });
  observer.observe(root, { childList: true, characterData: true, subtree: true });
}

/** Chinese set apart from the letters and digits beside it, as it is everywhere in the texts: `1分钟前` becomes `1 分钟前`. */
export function spaced(text: string): string {
  return text
    .replace(/([\u4e00-\u9fff])(?=[A-Za-z\d])/g, '$1 ')
    .replace(/([A-Za-z\d])(?=[\u4e00-\u9fff])/g, '$1 ');
}
