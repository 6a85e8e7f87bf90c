import { type ReactNode, Suspense } from 'react';
import { I18nProvider, RouterProvider } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { router } from './router';

/** Gives the kit's own texts the language in use, and lets its links and menu items move inside the console. */
export function Locale({ children }: { children: ReactNode }) {
  const { i18n } = useTranslation();
  return (
    <I18nProvider locale={i18n.language === 'zh' ? 'zh-CN' : 'en-US'}>
      <RouterProvider navigate={(href) => void router.history.push(href)}>
        <Suspense>{children}</Suspense>
      </RouterProvider>
    </I18nProvider>
  );
}
