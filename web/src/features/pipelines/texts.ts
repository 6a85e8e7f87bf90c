import i18next from 'i18next';

type Texts = Promise<{ default: Record<string, unknown> }>;

/** Fetches a page and the texts of its feature side by side, in both languages so that switching needs no reload. */
export async function withTexts<T>(namespace: string, en: Texts, zh: Texts, page: Promise<T>): Promise<T> {
  const [english, chinese, loaded] = await Promise.all([en, zh, page]);
  i18next.addResourceBundle('en', namespace, english.default);
  i18next.addResourceBundle('zh', namespace, chinese.default);
  return loaded;
}
