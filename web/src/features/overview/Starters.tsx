import { Database, type LucideIcon, Sparkles, Workflow } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { LinkButton } from '@/ui/Button';
import { CodeBlock } from '@/ui/CodeBlock';
import { projectPath } from '@/ui/routing';

/** Three ways to begin, for a project with nothing in it. */
export function Starters({ project }: { project: string }) {
  const { t } = useTranslation('overview');
  return (
    <div className="mx-auto max-w-[1080px] px-6 py-12">
      <h2 className="text-20 font-semibold">{t('start.title')}</h2>
      <p className="mt-1 mb-8 text-14 text-fg-2">{t('start.detail')}</p>
      <div className="grid grid-cols-3 gap-4">
        <Starter icon={Sparkles} id="demo" href={projectPath(project, 'runs')} command="kpl demo" />
        <Starter
          icon={Database}
          id="data"
          isMain
          href={`${projectPath(project, 'datasets')}?import=1`}
          command="kpl dataset import flowers ./flowers"
        />
        <Starter
          icon={Workflow}
          id="template"
          href={projectPath(project, 'pipelines')}
          command="kpl template list"
        />
      </div>
    </div>
  );
}

interface StarterProps {
  icon: LucideIcon;
  id: string;
  href: string;
  command: string;
  isMain?: boolean;
}

function Starter({ icon: Icon, id, href, command, isMain }: StarterProps) {
  const { t } = useTranslation('overview');
  return (
    <section className="flex flex-col rounded-lg border border-line bg-surface p-5">
      <Icon aria-hidden className="size-5 text-accent" />
      <h3 className="mt-3 text-14 font-semibold">{t(`start.${id}.title`)}</h3>
      <p className="mt-1 flex-1 text-fg-2">{t(`start.${id}.detail`)}</p>
      <LinkButton href={href} variant={isMain ? 'primary' : 'secondary'} className="mt-4 self-start">
        {t(`start.${id}.action`)}
      </LinkButton>
      <CodeBlock code={command} className="mt-4" />
    </section>
  );
}
