import { KeyRound, NotebookPen } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { CodeBlock } from '@/ui/CodeBlock';
import { Page, PageHeader } from '@/ui/PageHeader';
import { AppLink, useProject } from '@/ui/routing';
import { connectCell, INSTALL, runCell } from './snippets';

/** The place of notebooks. None run inside the platform yet; it says so, and how one elsewhere works with it. */
export default function NotebooksPage() {
  const { t } = useTranslation('notebooks');
  const project = useProject();
  return (
    <Page header={<PageHeader title={t('title')} />}>
      <div className="mx-auto max-w-3xl px-6 py-10">
        <div className="flex items-start gap-4">
          <span className="grid size-11 shrink-0 place-items-center rounded-lg border border-line bg-surface text-fg-3">
            <NotebookPen aria-hidden className="size-5" />
          </span>
          <div className="min-w-0">
            <h2 className="text-14 font-semibold">{t('emptyTitle')}</h2>
            <p className="mt-1 text-13 text-fg-2">{t('emptyText')}</p>
          </div>
        </div>
        <ol className="mt-8 space-y-6">
          <Step number={1} title={t('install')} text={t('installText')}>
            <CodeBlock code={INSTALL} />
          </Step>
          <Step number={2} title={t('connect')} text={t('connectText')}>
            <CodeBlock code={connectCell(location.origin, project)} />
            <p className="mt-2 flex items-center gap-1.5 text-13">
              <KeyRound aria-hidden className="size-4 text-fg-3" />
              <AppLink href="/settings?tab=tokens" className="text-accent hover:underline">
                {t('makeToken')}
              </AppLink>
            </p>
          </Step>
          <Step number={3} title={t('run')} text={t('runText')}>
            <CodeBlock code={runCell(t('yourDataset'))} />
          </Step>
        </ol>
      </div>
    </Page>
  );
}

interface StepProps {
  number: number;
  title: string;
  text: string;
  children: ReactNode;
}

function Step({ number, title, text, children }: StepProps) {
  return (
    <li className="grid grid-cols-[44px_minmax(0,1fr)] gap-x-4">
      <span
        aria-hidden
        className="mx-auto grid size-6 place-items-center rounded-full bg-accent-soft text-12 font-semibold text-accent tabular-nums"
      >
        {number}
      </span>
      <div className="min-w-0">
        <h3 className="text-13 leading-6 font-semibold">{title}</h3>
        <p className="mb-2 text-13 text-fg-2">{text}</p>
        {children}
      </div>
    </li>
  );
}
