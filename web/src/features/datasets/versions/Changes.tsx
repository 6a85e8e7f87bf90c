import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { Badge } from '@/ui/Badge';
import type { DatasetVersion } from '../api';
import { difference } from '../model';

/** What one version changed against the one before, in chips. */
export function Changes({ before, after }: { before: DatasetVersion; after: DatasetVersion }) {
  const { t } = useTranslation('datasets');
  const { count, bytes } = useFormat();
  const change = difference(before, after);
  const sign = (value: number, text: string) => (value < 0 ? `−${text}` : `+${text}`);
  const chips = [
    change.samples !== 0 &&
      t('samples', {
        count: Math.abs(change.samples),
        shown: sign(change.samples, count(Math.abs(change.samples))),
      }),
    change.bytes !== 0 && sign(change.bytes, bytes(Math.abs(change.bytes))),
    ...change.addedClasses.slice(0, 6).map((name) => t('classAdded', { name })),
    ...change.removedClasses.slice(0, 6).map((name) => t('classRemoved', { name })),
    ...change.splits.map((split) => `${split.name} ${count(split.before)} → ${count(split.after)}`),
  ].filter((text): text is string => typeof text === 'string');
  return (
    <div className="flex flex-wrap items-center gap-1.5">
      <span className="text-12 text-fg-3">{t('against', { version: before.version })}</span>
      {chips.length === 0 ? (
        <span className="text-12">{t('sameNumbers')}</span>
      ) : (
        chips.map((text) => <Badge key={text}>{text}</Badge>)
      )}
    </div>
  );
}
