import { useInfiniteQuery } from '@tanstack/react-query';
import { SearchX } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { sampleImageUrl } from '@/api/thumbnails';
import { useFormat } from '@/i18n/format';
import { EmptyState } from '@/ui/EmptyState';
import { ErrorState } from '@/ui/ErrorState';
import type { Query } from '@/ui/routing';
import { Skeleton } from '@/ui/Skeleton';
import { SearchField } from '@/ui/TextField';
import { useSettled } from '@/ui/useSettled';
import { type DatasetVersion, type Group, groupsQuery } from '../api';
import { GroupSwitch } from './GridToolbar';
import { Picture } from './Picture';

interface SampleGroupsProps {
  project: string;
  version: DatasetVersion;
  split: string | null;
  onFilter: (change: Query) => void;
}

const AT_ONCE = 60;

/** Samples by person or by class: each group at a glance, largest first; opening one shows all of it. */
export default function SampleGroups({ project, version, split, onFilter }: SampleGroupsProps) {
  const { t } = useTranslation('datasets');
  const { count } = useFormat();
  const [words, setWords] = useState('');
  const search = useSettled(words.trim());
  const { name, version: number } = version;
  const groups = useInfiniteQuery(
    groupsQuery(project, { name, version: number }, { split, search, limit: AT_ONCE }),
  );
  const first = groups.data?.pages[0];
  const shown = groups.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <>
      <div className="flex h-10 shrink-0 items-center gap-3 border-b border-line bg-surface px-4">
        <p role="status" className="text-13 whitespace-nowrap">
          <span className="font-semibold">{first ? count(first.num_groups) : '…'}</span>{' '}
          <span className="text-fg-2">
            {first &&
              t(version.kind === 'face_recognition' ? 'identitiesOf' : 'classesOf', {
                count: first.num_groups,
                samples: count(first.num_samples),
              })}
          </span>
        </p>
        <div className="flex-1" />
        <SearchField label={t('searchGroups')} value={words} onChange={setWords} className="w-56" />
        <GroupSwitch kind={version.kind} isGrouped onFilter={onFilter} />
      </div>
      {groups.isError ? (
        <ErrorState error={groups.error} onRetry={() => void groups.refetch()} />
      ) : first?.num_groups === 0 ? (
        <EmptyState icon={SearchX} title={t('noGroups')}>
          {t('noGroupsWhy')}
        </EmptyState>
      ) : (
        <section
          // biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard scrolls it
          tabIndex={0}
          aria-label={t('identities')}
          className="min-h-0 flex-1 overflow-auto p-4 outline-none"
        >
          <ul className="grid grid-cols-[repeat(auto-fill,minmax(176px,1fr))] gap-3">
            {groups.isPending
              ? Array.from({ length: 12 }, (_, index) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: places that are all alike
                  <li key={index}>
                    <Skeleton className="h-40" />
                  </li>
                ))
              : shown.map((group) => (
                  <GroupCard
                    key={group.class_id}
                    project={project}
                    version={version}
                    group={group}
                    onOpen={() => onFilter({ label: group.label })}
                  />
                ))}
          </ul>
          {groups.hasNextPage && <More key={shown.length} onReached={() => void groups.fetchNextPage()} />}
        </section>
      )}
    </>
  );
}

interface GroupCardProps {
  project: string;
  version: DatasetVersion;
  group: Group;
  onOpen: () => void;
}

function GroupCard({ project, version, group, onOpen }: GroupCardProps) {
  const { t } = useTranslation('datasets');
  const { count } = useFormat();
  const rows = group.rows.slice(0, 6);
  return (
    <li className="[contain-intrinsic-size:auto_168px] [content-visibility:auto]">
      <button
        type="button"
        onClick={onOpen}
        aria-label={t('openGroup', { name: group.label, count: group.num_samples })}
        className="block w-full overflow-hidden rounded-lg border border-line bg-surface text-left hover:border-line-strong"
      >
        <span className="grid h-28 grid-cols-3 grid-rows-2 gap-px border-b border-line bg-line">
          {rows.map((row) => (
            <span
              key={row}
              className={
                rows.length === 1
                  ? 'col-span-3 row-span-2 min-h-0'
                  : rows.length <= 3
                    ? 'row-span-2 min-h-0'
                    : 'min-h-0'
              }
            >
              <Picture
                src={sampleImageUrl(project, version, row, 160)}
                isPixelated={false}
                fit="cover"
                isSmall
              />
            </span>
          ))}
          {Array.from({ length: placesLeft(rows.length) }, (_, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: places that are all alike
            <span key={index} className={rows.length <= 3 ? 'row-span-2 bg-sunken' : 'bg-sunken'} />
          ))}
        </span>
        <span className="flex items-center gap-2 px-3 py-2">
          <span translate="no" className="min-w-0 flex-1 truncate text-13 font-medium">
            {group.label}
          </span>
          <span className="text-12 text-fg-2">{count(group.num_samples)}</span>
        </span>
      </button>
    </li>
  );
}

/** Places of the mosaic that stay empty: of three columns, of one line or two. */
function placesLeft(pictures: number): number {
  if (pictures === 1) return 0;
  return pictures <= 3 ? 3 - pictures : 6 - pictures;
}

/** The end of what is there: when it comes into sight, more is fetched. */
function More({ onReached }: { onReached: () => void }) {
  const place = useRef<HTMLDivElement>(null);
  const reached = useRef(onReached);
  reached.current = onReached;
  useEffect(() => {
    if (place.current === null) return undefined;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some(({ isIntersecting }) => isIntersecting)) reached.current();
      },
      { rootMargin: '600px' },
    );
    observer.observe(place.current);
    return () => observer.disconnect();
  }, []);
  return <div ref={place} className="h-8" />;
}
