import i18next from 'i18next';
import { CircleAlert, CircleCheck, Info, X } from 'lucide-react';
import { useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from './Button';
import { told } from './told';

/** Words, or what says them in the language of the moment: a toast that stays is read in the next language, too. */
type Words = string | (() => string);

interface ToastContent {
  tone: 'ok' | 'info' | 'failed';
  title: Words;
  detail?: Words;
  /** One thing to do about it, as in undoing what was done. */
  action?: { label: Words; onPress: () => void };
}

interface Toast extends ToastContent {
  id: number;
}

const LIFE_MS = 6000;
const MOST = 4;
let toasts: Toast[] = [];
let counter = 0;
const listeners = new Set<() => void>();

function change(next: Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

/** Says briefly what happened. What failed stays until it is closed. */
export function toast(content: ToastContent): void {
  counter += 1;
  const id = counter;
  change([...toasts, { ...content, id }].slice(-MOST));
  if (content.tone !== 'failed') setTimeout(() => dismiss(id), LIFE_MS);
}

/** Says that an action was refused, with the server's words and hint. */
export function toastError(error: unknown, title: Words): void {
  toast({ tone: 'failed', title, detail: () => told(error, i18next.language) });
}

function said(words: Words): string {
  return typeof words === 'string' ? words : words();
}

function dismiss(id: number): void {
  change(toasts.filter((item) => item.id !== id));
}

const ICONS = { ok: CircleCheck, info: Info, failed: CircleAlert };
const COLOURS = { ok: 'text-ok', info: 'text-running', failed: 'text-failed' };

/** Where toasts appear; stands once in the app. */
export function ToastRegion() {
  const { t } = useTranslation();
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => toasts,
  );
  return (
    <section
      aria-label={t('notifications')}
      aria-live="polite"
      className="fixed right-4 bottom-4 z-50 flex w-90 flex-col gap-2"
    >
      {shown.map((item) => {
        const Icon = ICONS[item.tone];
        return (
          <div
            key={item.id}
            className="flex gap-2.5 rounded-lg border border-line bg-raised p-3 shadow-float"
          >
            <Icon aria-hidden className={`mt-0.5 size-4 shrink-0 ${COLOURS[item.tone]}`} />
            <div className="min-w-0 flex-1">
              <p className="font-medium break-words">{said(item.title)}</p>
              {item.detail && (
                <p className="mt-0.5 line-clamp-4 text-12 break-words text-fg-2">{said(item.detail)}</p>
              )}
              {item.action && (
                <Button
                  size="small"
                  className="mt-2"
                  onPress={() => {
                    item.action?.onPress();
                    dismiss(item.id);
                  }}
                >
                  {said(item.action.label)}
                </Button>
              )}
            </div>
            <button
              type="button"
              aria-label={t('close')}
              onClick={() => dismiss(item.id)}
              className="grid size-5 shrink-0 place-items-center rounded-sm text-fg-3 hover:text-fg"
            >
              <X aria-hidden className="size-4" />
            </button>
          </div>
        );
      })}
    </section>
  );
}
