import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { KeyValue } from '@/ui/KeyValue';
import { SectionTitle } from '@/ui/Panel';
import { AppLink } from '@/ui/routing';
import { Time } from '@/ui/Time';
import { whyQuery } from '../api';

const EVERY_MS = 5000;

/** Why a task waits for room, its place in the queue and its probable start; for administrators, which machines are passed over. */
export function Why({ project, taskId }: { project: string; taskId: number }) {
  const { t } = useTranslation('runs');
  const { localized, count } = useFormat();
  const why = useQuery({ ...whyQuery(project, taskId), refetchInterval: EVERY_MS }).data;
  if (!why) return null;
  return (
    <section aria-live="polite">
      <SectionTitle>{t('why.title')}</SectionTitle>
      <p className="mb-2 text-13">{localized({ ...why.reason })}</p>
      <KeyValue
        facts={[
          {
            label: t('why.queue'),
            value: (
              <AppLink
                href={`/cluster?queue=${encodeURIComponent(why.queue)}`}
                className="text-accent hover:underline"
              >
                {why.queue}
              </AppLink>
            ),
          },
          {
            label: t('why.place'),
            value:
              why.position !== null &&
              t('why.of', { place: count(why.position), all: count(why.num_waiting) }),
          },
          {
            label: t('why.start'),
            value: why.expected_start_at ? <Time at={why.expected_start_at} /> : t('why.unknown'),
          },
        ].map(({ label, value }) => ({ label, value: value || null }))}
      />
      {why.rejections && why.rejections.length > 0 && (
        <details className="mt-2 text-12">
          <summary className="text-fg-2">{t('why.machines')}</summary>
          <ul className="mt-1 space-y-0.5 text-fg-2">
            {why.rejections.map(({ why: reason, num_machines }) => (
              <li key={reason.en}>
                {t('why.passedOver', { count: num_machines, shown: count(num_machines) })}{' '}
                {localized({ ...reason })}
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}
