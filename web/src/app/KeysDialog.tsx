import { useTranslation } from 'react-i18next';
import { Dialog } from '@/ui/Dialog';
import { destinations } from './navigation';
import { showOverlay } from './paletteState';

/** All shortcuts. */
export default function KeysDialog() {
  const { t } = useTranslation();
  const everywhere = [
    { keys: '⌘K', label: t('keys.palette') },
    { keys: '/', label: t('keys.search') },
    { keys: '?', label: t('keys.help') },
    { keys: 'Esc', label: t('keys.close') },
    ...destinations.map(({ id, key }) => ({
      keys: `g ${key}`,
      label: t('keys.go', { page: t(`nav.${id}`) }),
    })),
  ];
  const samples = [
    { keys: 'j k', label: t('keys.nextSample') },
    { keys: 'b m l n', label: t('keys.overlays') },
    { keys: '1 … 9', label: t('keys.classes') },
    { keys: 'p', label: t('keys.predictions') },
    { keys: 'x X', label: t('keys.select') },
    { keys: 'a r', label: t('keys.review') },
  ];
  return (
    <Dialog title={t('keys.title')} isOpen onClose={() => showOverlay('none')}>
      <div className="grid grid-cols-2 gap-8">
        <Keys title={t('keys.everywhere')} rows={everywhere} />
        <Keys title={t('keys.samples')} rows={samples} />
      </div>
    </Dialog>
  );
}

function Keys({ title, rows }: { title: string; rows: { keys: string; label: string }[] }) {
  return (
    <section>
      <h3 className="mb-2 text-12 font-semibold text-fg-2">{title}</h3>
      <dl className="space-y-1.5">
        {rows.map(({ keys, label }) => (
          <div key={keys} className="flex items-center justify-between gap-3">
            <dt>{label}</dt>
            <dd className="flex gap-1">
              {keys.split(' ').map((key) => (
                <kbd
                  key={key}
                  className="rounded-sm border border-line bg-sunken px-1.5 font-mono text-11 text-fg-2"
                >
                  {key}
                </kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
