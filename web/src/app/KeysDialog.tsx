import { useTranslation } from 'react-i18next';
import { spaced } from '@/i18n/chinese';
import { Dialog } from '@/ui/Dialog';
import { shownKeys } from '@/ui/keys';
import { destinations, settingsDestination } from './navigation';
import { showOverlay } from './paletteState';

/** All shortcuts. */
export default function KeysDialog() {
  const { t } = useTranslation();
  const everywhere = [
    { keys: '⌘K', label: t('keys.palette') },
    { keys: '/', label: t('keys.search') },
    { keys: '?', label: t('keys.help') },
    { keys: 'Esc', label: t('keys.close') },
    ...[...destinations, settingsDestination].map(({ id, key }) => ({
      keys: `g ${key}`,
      label: spaced(t('keys.go', { page: t(`nav.${id}`) })),
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
  const canvas = [
    { keys: 'a', label: t('keys.canvas.add') },
    { keys: 'c', label: t('keys.canvas.comment') },
    { keys: 'g', label: t('keys.canvas.group') },
    { keys: 'l', label: t('keys.canvas.layOut') },
    { keys: '1 + -', label: t('keys.canvas.zoom') },
    { keys: '← ↑ → ↓', label: t('keys.canvas.nudge') },
    { keys: 'Del', label: t('keys.canvas.delete') },
    { keys: '⌘Z ⇧⌘Z', label: t('keys.canvas.undo') },
    { keys: '⌘C ⌘V ⌘D', label: t('keys.canvas.copy') },
    { keys: '⌘A', label: t('keys.canvas.all') },
    { keys: '⌘S ⌘↵', label: t('keys.canvas.run') },
  ];
  const log = [
    { keys: 'n N', label: t('keys.log.match') },
    { keys: 'End', label: t('keys.log.follow') },
  ];
  return (
    <Dialog title={t('keys.title')} isOpen onClose={() => showOverlay('none')} size="wide">
      <div className="grid grid-cols-[5fr_7fr_7fr] gap-8">
        <Keys title={t('keys.everywhere')} rows={everywhere} />
        <Keys title={t('keys.canvas.title')} rows={canvas} />
        <div className="space-y-6">
          <Keys title={t('keys.samples')} rows={samples} />
          <Keys title={t('keys.log.title')} rows={log} />
        </div>
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
            <dd className="flex shrink-0 gap-1">
              {keys.split(' ').map((key) => (
                <kbd
                  key={key}
                  className="rounded-sm border border-line bg-sunken px-1.5 font-mono text-11 text-fg-2"
                >
                  {shownKeys(key)}
                </kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
