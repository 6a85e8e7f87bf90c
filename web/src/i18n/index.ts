import i18next, { type BackendModule } from 'i18next';
import { initReactI18next } from 'react-i18next';

export const languages = ['en', 'zh'] as const;
export type Language = (typeof languages)[number];

/** One file a language and feature, fetched when the feature is first shown. */
const files = import.meta.glob<Record<string, unknown>>('./{en,zh}/*.json', { import: 'default' });

const backend: BackendModule = {
  type: 'backend',
  init() {},
  read(language, namespace, done) {
    const load = files[`./${language}/${namespace}.json`];
    if (load === undefined) return done(new Error(`no texts '${namespace}' in ${language}`), null);
    load().then(
      (texts) => done(null, texts),
      (error: Error) => done(error, null),
    );
  },
};

const KEY = 'kpl.language';

/** Begins with the language chosen before, else with the browser's. */
export async function startI18n(language: Language = initialLanguage()): Promise<void> {
  i18next.on('languageChanged', wear);
  await i18next
    .use(backend)
    .use(initReactI18next)
    .init({
      lng: language,
      fallbackLng: false,
      supportedLngs: languages,
      ns: ['common'],
      defaultNS: 'common',
      fallbackNS: 'common',
      interpolation: { escapeValue: false },
      react: { useSuspense: true },
    });
}

/** Switches without reload; the choice is kept in this browser. */
export async function setLanguage(language: Language): Promise<void> {
  try {
    localStorage.setItem(KEY, language);
  } catch {
    // Storage may be blocked; the choice then lasts until reload.
  }
  await i18next.changeLanguage(language);
}

/** Words to be read later, in the language of then: for what stays while the language is switched. */
export function later(namespace: string, key: string, values: Record<string, unknown> = {}): () => string {
  return () => i18next.t(key, { ...values, ns: [namespace, 'common'] });
}

/** Fetches the texts of a feature ahead, beside its code. */
export async function loadTexts(namespace: string): Promise<void> {
  await i18next.loadNamespaces(namespace);
}

export function initialLanguage(): Language {
  let kept: string | null = null;
  try {
    kept = localStorage.getItem(KEY);
  } catch {
    kept = null;
  }
  if (kept === 'en' || kept === 'zh') return kept;
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

/** For Chinese words on an English page, and the other way round; nothing is fetched that the system has. */
export function loadChineseFont(): void {
  void import('@fontsource-variable/noto-sans-sc');
}

function wear(language: string): void {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  // The list of its 100 partial fonts is large, so that English pages go without.
  if (language === 'zh') loadChineseFont();
}
