import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { Panel } from '@/ui/Panel';
import { PartsBar } from '@/viz/Parts';
import type { Storage } from './api';
import { colourOf, partsOf } from './model';

/** The store, what lies beside it, the disk, and what could go. */
export function Figures({ storage }: { storage: Storage }) {
  const { t } = useTranslation('settings');
  const { bytes, count, share } = useFormat();
  const { disk, places, removable, size_bytes, num_artifacts, num_files } = storage;
  const beside = places.reduce((sum, place) => sum + place.size_bytes, 0);
  const artifacts = (number: number) => t('storage.artifacts', { count: number, shown: count(number) });
  const figures = [
    {
      label: t('storage.inStore'),
      value: bytes(size_bytes),
      note: `${artifacts(num_artifacts)} · ${t('storage.files', { count: num_files, shown: count(num_files) })}`,
    },
    { label: t('storage.beside'), value: bytes(beside), note: t('storage.besideNote') },
    ...(disk
      ? [
          {
            label: t('storage.free'),
            value: bytes(disk.free_bytes),
            note: t('storage.freeOf', {
              of: bytes(disk.size_bytes),
              share: share(disk.free_bytes / Math.max(1, disk.size_bytes), 0),
            }),
          },
        ]
      : []),
    {
      label: t('storage.removable'),
      value: bytes(removable.freed_bytes),
      note: artifacts(removable.num_artifacts),
    },
  ];
  return (
    <dl className="grid auto-cols-fr grid-flow-col divide-x divide-line rounded-lg border border-line bg-surface">
      {figures.map(({ label, value, note }) => (
        <div key={label} className="min-w-0 px-4 py-3">
          <dt className="truncate text-12 text-fg-3">{label}</dt>
          <dd className="mt-0.5 text-16 font-semibold tabular-nums">{value}</dd>
          <dd className="mt-0.5 truncate text-12 text-fg-3" title={note}>
            {note}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** What is in the store by kind, and what lies beside it by place. */
export function Held({ storage }: { storage: Storage }) {
  const { t } = useTranslation('settings');
  const { bytes, count } = useFormat();
  const sizes = Object.fromEntries(storage.kinds.map(({ kind, size_bytes }) => [kind, size_bytes]));
  const parts = partsOf(sizes);
  return (
    <div className="grid grid-cols-2 gap-6">
      <Panel title={t('storage.byKind')}>
        <div className="p-4">
          <PartsBar
            parts={parts}
            label={parts.map(({ id, count: size }) => `${t(`storage.kind.${id}`)} ${bytes(size)}`).join(', ')}
          />
          <ul className="mt-3 space-y-1.5 text-13">
            {storage.kinds.map(({ kind, size_bytes, num_artifacts }) => (
              <Line
                key={kind}
                colour={colourOf(kind)}
                label={t(`storage.kind.${kind}`)}
                note={t('storage.artifacts', { count: num_artifacts, shown: count(num_artifacts) })}
                value={bytes(size_bytes)}
              />
            ))}
          </ul>
        </div>
      </Panel>
      <Panel title={t('storage.byPlace')}>
        <ul className="space-y-1.5 p-4 text-13">
          {storage.places.map(({ place, size_bytes, num_files }) => (
            <Line
              key={place}
              label={t(`storage.place.${place}`)}
              note={t('storage.files', { count: num_files, shown: count(num_files) })}
              value={bytes(size_bytes)}
            />
          ))}
        </ul>
      </Panel>
    </div>
  );
}

interface LineProps {
  label: string;
  note: string;
  value: string;
  colour?: string;
}

function Line({ label, note, value, colour }: LineProps) {
  return (
    <li className="flex items-baseline gap-2">
      {colour && (
        <span aria-hidden className="size-2.5 shrink-0 rounded-xs" style={{ backgroundColor: colour }} />
      )}
      <span className="min-w-0 flex-1 truncate">{label}</span>
      <span className="text-12 text-fg-3 tabular-nums">{note}</span>
      <span className="w-20 text-right font-medium tabular-nums">{value}</span>
    </li>
  );
}
