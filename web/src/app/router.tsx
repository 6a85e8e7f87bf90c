import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Navigate,
  Outlet,
  redirect,
} from '@tanstack/react-router';
import { lastProject, loadPage, projectPath } from '@/ui/routing';
import { featureRoutes } from './features';
import { NotFoundPage } from './NotFoundPage';
import { PageError } from './PageError';
import { PageSkeleton } from './PageSkeleton';
import { Shell } from './Shell';

const root = createRootRoute({ component: Outlet });

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  component: lazyRouteComponent(() =>
    loadPage({ path: '', texts: 'session', load: () => import('@/features/session/SignInPage') }),
  ),
});

const shell = createRoute({ getParentRoute: () => root, id: 'shell', component: Shell });

const home = createRoute({
  getParentRoute: () => shell,
  path: '/',
  component: () => <Navigate to={projectPath(lastProject())} replace />,
});

const project = createRoute({
  getParentRoute: () => shell,
  path: '/p/$project',
  beforeLoad: ({ params, location }) => {
    if (location.pathname.endsWith('/') && location.pathname !== '/')
      throw redirect({ to: projectPath(params.project), replace: true });
  },
});

const pages = featureRoutes.map((feature) =>
  createRoute({
    getParentRoute: () => (feature.scope === 'global' ? shell : project) as typeof shell,
    path: feature.path || '/',
    component: lazyRouteComponent(() => loadPage(feature)),
  }),
);
const isGlobal = (index: number) => featureRoutes[index]?.scope === 'global';

const routeTree = root.addChildren([
  signIn,
  shell.addChildren([
    home,
    ...pages.filter((_, index) => isGlobal(index)),
    project.addChildren(pages.filter((_, index) => !isGlobal(index))),
  ]),
]);

/** Every value after `?` is plain text, so that addresses stay readable: `?label=7&split=train`. */
export const router = createRouter({
  routeTree,
  defaultPreload: 'intent',
  defaultPendingMs: 150,
  defaultPendingMinMs: 0,
  defaultPendingComponent: PageSkeleton,
  defaultErrorComponent: PageError,
  defaultNotFoundComponent: NotFoundPage,
  scrollRestoration: true,
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (values) => {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(values))
      if (value !== undefined && value !== null && value !== '') query.set(name, String(value));
    const text = query.toString();
    return text === '' ? '' : `?${text}`;
  },
});
