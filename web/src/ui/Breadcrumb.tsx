import { ChevronRight } from 'lucide-react';
import { Fragment } from 'react';
import { useTranslation } from 'react-i18next';
import { AppLink } from './routing';

export interface Crumb {
  label: string;
  href?: string;
  /** It is a name that somebody gave. */
  isName?: boolean;
}

/** The way from the list to this page; the last one is the page. */
export function Breadcrumb({ crumbs }: { crumbs: Crumb[] }) {
  const { t } = useTranslation();
  return (
    <nav aria-label={t('breadcrumb')} className="flex min-w-0 items-center gap-2 text-13">
      {crumbs.map((crumb, index) => (
        <Fragment key={crumb.label}>
          {index > 0 && <ChevronRight aria-hidden className="size-3.5 shrink-0 text-fg-3" />}
          {crumb.href ? (
            <AppLink href={crumb.href} className="shrink-0 rounded-sm text-fg-2 hover:text-fg">
              {crumb.label}
            </AppLink>
          ) : (
            <h1 className="truncate font-semibold" translate={crumb.isName ? 'no' : undefined}>
              {crumb.label}
            </h1>
          )}
        </Fragment>
      ))}
    </nav>
  );
}
