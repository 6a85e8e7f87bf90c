import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { type ComponentProps, type ComponentType, useCallback } from 'react';
import { loadTexts } from '@/i18n';

/**
 * An address of a feature. `path` is below `/p/$project` (`datasets/$name`) or, with scope `global`, below `/`.
 * `load` fetches the page's code, and `texts` names the file of its texts; both come when the page is first shown.
 */
export interface FeatureRoute {
  path: string;
  scope?: 'project' | 'global';
  texts: string;
  load: () => Promise<{ default: ComponentType }>;
}

/** Fetches a page's code and texts side by side. */
export async function loadPage(route: FeatureRoute): Promise<{ default: ComponentType }> {
  const [page] = await Promise.all([route.load(), loadTexts(route.texts)]);
  return page;
}

const KEY = 'kpl.project';

/** The project used last; addresses outside a project keep to it. */
export function lastProject(): string {
  try {
    return localStorage.getItem(KEY) ?? 'default';
  } catch {
    return 'default';
  }
}

export function rememberProject(project: string): void {
  try {
    localStorage.setItem(KEY, project);
  } catch {
    // Storage may be blocked; the default project is then where one begins.
  }
}

/** The project of the address, else the one used last. */
export function useProject(): string {
  const params = useParams({ strict: false }) as { project?: string };
  return params.project ?? lastProject();
}

/** A part of the address, as in `datasets/$name`. */
export function useParam(name: string): string {
  const params = useParams({ strict: false }) as Record<string, string | undefined>;
  return params[name] ?? '';
}

export type Query = Record<string, string | undefined>;

/** What the address says after `?`, and how to change it. Pass `{ push: true }` to make a step to go back to. */
export function useQueryState(): [Query, (change: Query, how?: { push?: boolean }) => void] {
  const query = useSearch({ strict: false }) as Query;
  const navigate = useNavigate();
  const change = useCallback(
    (values: Query, how: { push?: boolean } = {}) => {
      void navigate({
        to: '.',
        search: ((old: Query) => {
          const next = { ...old, ...values };
          for (const name of Object.keys(next)) if (!next[name]) delete next[name];
          return next;
        }) as never,
        replace: how.push !== true,
        resetScroll: false,
      });
    },
    [navigate],
  );
  return [query, change];
}

/** An address inside a project: `projectPath('default', 'datasets', 'street scenes')`. */
export function projectPath(project: string, ...parts: (string | number)[]): string {
  return ['/p', encodeURIComponent(project), ...parts.map((part) => encodeURIComponent(part))].join('/');
}

/** Goes to an address, which may hold `?` and `#`. */
export function useGo(): (href: string, how?: { replace?: boolean }) => void {
  const navigate = useNavigate();
  return useCallback(
    (href, how = {}) => {
      const url = new URL(href, location.origin);
      void navigate({
        to: url.pathname,
        search: Object.fromEntries(url.searchParams) as never,
        hash: url.hash.slice(1),
        replace: how.replace === true,
      });
    },
    [navigate],
  );
}

type AppLinkProps = Omit<ComponentProps<'a'>, 'href'> & { href: string };

/** A link inside the console; with Ctrl or the middle button it opens in a new tab, as any link. */
export function AppLink({ href, ...rest }: AppLinkProps) {
  const url = new URL(href, location.origin);
  const search = Object.fromEntries(url.searchParams);
  return (
    <Link
      to={url.pathname as never}
      search={search as never}
      hash={url.hash.slice(1)}
      {...(rest as object)}
    />
  );
}
