import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { whenSignedOut } from '@/api/client';
import { makeQueryClient } from '@/api/queryClient';
import { sessionQuery } from '@/api/session';
import { loadChineseFont, startI18n } from '@/i18n';
import { whenChinese } from '@/i18n/chinese';
import { ToastRegion } from '@/ui/Toast';
import { Locale } from './Locale';
import { router } from './router';
import './theme.css';

// After an update of the server the code of pages not yet shown has other names: load the console anew, once.
window.addEventListener('vite:preloadError', (event) => {
  const isAgain = Date.now() - Number(sessionStorage.getItem('kpl.reloaded')) < 60_000;
  if (isAgain) return;
  event.preventDefault();
  sessionStorage.setItem('kpl.reloaded', String(Date.now()));
  location.reload();
});

const queryClient = makeQueryClient();
whenSignedOut(() => queryClient.setQueryData(sessionQuery.queryKey, null));

const container = document.getElementById('root');
if (container === null) throw new Error('index.html has no element #root');

void queryClient.prefetchQuery(sessionQuery);
await startI18n();
whenChinese(container, loadChineseFont);
createRoot(container).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <Locale>
        <RouterProvider router={router} />
        <ToastRegion />
      </Locale>
    </QueryClientProvider>
  </StrictMode>,
);
