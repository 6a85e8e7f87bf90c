import { type ReactNode, useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { loadChineseFont, setLanguage } from '@/i18n';
import { Button } from '@/ui/Button';
import { Spinner } from '@/ui/Spinner';

interface SignInCardProps {
  title: string;
  detail?: string;
  /** Without: a ring that turns. */
  children?: ReactNode;
}

/** The frame of every step of signing in. */
export function SignInCard({ title, detail, children }: SignInCardProps) {
  const { t, i18n } = useTranslation();
  useEffect(loadChineseFont, []);
  return (
    <main className="flex min-h-full flex-col items-center justify-center gap-4 p-6">
      <div className="w-[360px] max-w-full rounded-lg border border-line bg-surface p-7">
        <div className="mb-6 flex items-center gap-2.5">
          <img src="/favicon.svg" alt="" className="size-7" />
          <span className="text-16 font-semibold">KPL</span>
        </div>
        <h1 className="text-16 font-semibold">{title}</h1>
        {detail && <p className="mt-1 text-13 text-fg-2">{detail}</p>}
        <div className="mt-5">{children ?? <Spinner className="size-5 text-fg-3" />}</div>
      </div>
      <Button
        variant="quiet"
        size="small"
        onPress={() => void setLanguage(i18n.language === 'zh' ? 'en' : 'zh')}
      >
        <span lang={i18n.language === 'zh' ? 'en' : 'zh-CN'}>{t('language.switch')}</span>
      </Button>
    </main>
  );
}
