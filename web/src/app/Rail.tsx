import { useQuery } from '@tanstack/react-query';
import { useLocation } from '@tanstack/react-router';
import { PanelLeftClose, PanelLeftOpen, Search } from 'lucide-react';
import { useState, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { sessionQuery } from '@/api/session';
import { cx } from '@/ui/cx';
import { IconButton } from '@/ui/IconButton';
import { shownKeys } from '@/ui/keys';
import { AppLink, projectPath, useProject } from '@/ui/routing';
import { ConnectionState } from './ConnectionState';
import { type Destination, destinationPath, destinations, isWithin } from './navigation';
import { LanguageButton, ThemeMenu } from './Preferences';
import { ProjectMenu } from './ProjectMenu';
import { openPalette } from './paletteState';
import { UserMenu } from './UserMenu';

const WIDE = '(min-width: 1440px)';
const KEY = 'kpl.rail';

function useIsWide(): boolean {
  return useSyncExternalStore(
    (listener) => {
      const query = matchMedia(WIDE);
      query.addEventListener('change', listener);
      return () => query.removeEventListener('change', listener);
    },
    () => matchMedia(WIDE).matches,
  );
}

/** The navigation on the left: with words where there is room, unless it was folded. */
export function Rail() {
  const { t } = useTranslation();
  const isWide = useIsWide();
  const [isFolded, setFolded] = useState(() => localStorage.getItem(KEY) === 'folded');
  const hasWords = isWide && !isFolded;
  const project = useProject();
  const session = useQuery(sessionQuery).data;
  const fold = (folded: boolean) => {
    localStorage.setItem(KEY, folded ? 'folded' : '');
    setFolded(folded);
  };
  return (
    <div
      className={cx(
        'flex shrink-0 flex-col border-r border-line bg-surface',
        hasWords ? 'w-[200px]' : 'w-[52px]',
      )}
    >
      <div className={cx('flex h-12 shrink-0 items-center', hasWords ? 'gap-2 pr-2 pl-3' : 'justify-center')}>
        <AppLink href={projectPath(project)} aria-label={`KPL – ${t('nav.overview')}`} className="rounded-md">
          <Logo />
        </AppLink>
        {hasWords && <ProjectMenu project={project} hasWords />}
      </div>
      {!hasWords && (
        <div className="flex shrink-0 justify-center pb-2">
          <ProjectMenu project={project} hasWords={false} />
        </div>
      )}
      <div className={cx('shrink-0 pb-2', hasWords ? 'px-2' : 'px-2.5')}>
        {hasWords ? (
          <button
            type="button"
            onClick={openPalette}
            className="flex h-8 w-full items-center gap-2 rounded-md border border-line bg-bg px-2 text-12 text-fg-3 hover:border-line-strong"
          >
            <Search aria-hidden className="size-3.5" />
            <span className="flex-1 truncate text-left">{t('palette.hint')}</span>
            <kbd className="font-mono text-11 whitespace-nowrap">{shownKeys('⌘K')}</kbd>
          </button>
        ) : (
          <IconButton icon={Search} label={t('palette.hint')} keys="⌘K" onPress={openPalette} />
        )}
      </div>
      <nav
        aria-label={t('nav.label')}
        className={cx('min-h-0 flex-1 space-y-0.5 overflow-auto', hasWords ? 'px-2' : 'px-2.5')}
      >
        {destinations.map((destination) => (
          <Item key={destination.id} destination={destination} project={project} hasWords={hasWords} />
        ))}
      </nav>
      <div
        className={cx(
          'flex shrink-0 gap-1 border-t border-line p-2',
          hasWords ? 'flex-wrap items-center' : 'flex-col items-center',
        )}
      >
        <ConnectionState hasWords={hasWords} />
        {isWide && (
          <IconButton
            icon={hasWords ? PanelLeftClose : PanelLeftOpen}
            label={t(hasWords ? 'nav.collapse' : 'nav.expand')}
            onPress={() => fold(hasWords)}
          />
        )}
        <LanguageButton />
        <ThemeMenu />
        {session && <UserMenu session={session} hasWords={hasWords} project={project} />}
      </div>
    </div>
  );
}

function Item({
  destination,
  project,
  hasWords,
}: {
  destination: Destination;
  project: string;
  hasWords: boolean;
}) {
  const { t } = useTranslation();
  const { pathname } = useLocation();
  const isCurrent = isWithin(pathname, destination, project);
  const Icon = destination.icon;
  const name = t(`nav.${destination.id}`);
  return (
    <AppLink
      href={destinationPath(destination, project)}
      aria-current={isCurrent ? 'page' : undefined}
      aria-label={hasWords ? undefined : name}
      title={hasWords ? undefined : name}
      className={cx(
        'flex h-8 items-center gap-2.5 rounded-md font-medium transition-colors duration-100',
        hasWords ? 'px-2' : 'w-8 justify-center',
        isCurrent ? 'bg-accent-soft text-accent' : 'text-fg-2 hover:bg-sunken hover:text-fg',
      )}
    >
      <Icon aria-hidden className="size-4 shrink-0" />
      {hasWords && name}
    </AppLink>
  );
}

function Logo() {
  return (
    <svg viewBox="0 0 32 32" aria-hidden className="size-6">
      <rect width="32" height="32" rx="7" fill="var(--accent)" />
      <path
        d="M9 7v18M9 17 21 7M14 14l8 11"
        stroke="var(--on-accent)"
        strokeWidth="3.6"
        fill="none"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
