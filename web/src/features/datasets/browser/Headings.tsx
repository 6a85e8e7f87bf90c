import { Filter, ListChecks } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { cx } from '@/ui/cx';
import { IconButton } from '@/ui/IconButton';
import { classColour } from '@/viz/palette';
import { HEADING_HEIGHT, type PlacedHeading, type Section } from './sections';

interface HeadingsProps {
  /** By what the samples are arranged. */
  group: 'split' | 'label';
  headings: readonly PlacedHeading[];
  /** The section that the view begins in, once its own heading has gone; it stays at the top of the view. */
  current: { section: Section; offset: number } | null;
  /** Shows a section alone. */
  onOnly: (section: Section) => void;
  onPick: (section: Section) => void;
}

/** What both kinds of headings take, of a list that is arranged by sections; null of one that is not. */
export function headingOf(
  sections: Pick<HeadingsProps, 'group' | 'onOnly'> | null,
  current: HeadingsProps['current'],
  onPick: HeadingsProps['onPick'],
): Omit<HeadingsProps, 'headings'> | null {
  return sections && { group: sections.group, onOnly: sections.onOnly, current, onPick };
}

/** Headings of the sections in sight, where they stand in the list; the current one stands at the top instead. */
export function Headings({ headings, current, className, ...rest }: HeadingsProps & { className?: string }) {
  const inPlace = headings.filter(({ section }) => section !== current?.section);
  return inPlace.map(({ section, top }) => (
    <div
      key={section.start}
      style={{ transform: `translateY(${top}px)`, height: HEADING_HEIGHT }}
      className={cx('absolute inset-x-0 top-0', className)}
    >
      <Heading section={section} {...rest} />
    </div>
  ));
}

/** The heading of the section that the view is in, over the list. */
export function CurrentHeading({ current, ...rest }: Omit<HeadingsProps, 'headings'>) {
  if (current === null) return null;
  return (
    <div className="absolute inset-x-0 top-0 z-10 overflow-hidden">
      <div
        style={{ transform: `translateY(${current.offset}px)`, height: HEADING_HEIGHT }}
        className="border-b border-line bg-bg px-4"
      >
        <Heading section={current.section} {...rest} />
      </div>
    </div>
  );
}

interface HeadingProps extends Pick<HeadingsProps, 'group' | 'onOnly' | 'onPick'> {
  section: Section;
}

function Heading({ section, group, onOnly, onPick }: HeadingProps) {
  const { t } = useTranslation('datasets');
  const { count } = useFormat();
  const { id, classId } = section;
  const name = id ?? t(`groupBy.without.${group}`);
  return (
    <div className="flex h-full min-w-0 items-center gap-2">
      {classId !== null && (
        <span style={{ backgroundColor: classColour(classId) }} className="size-2.5 shrink-0 rounded-[2px]" />
      )}
      <h3 title={name} className={cx('truncate text-13 font-semibold', id === null && 'text-fg-2')}>
        {name}
      </h3>
      <span className="text-12 whitespace-nowrap text-fg-2">
        {t('samples', { count: section.count, shown: count(section.count) })}
      </span>
      <span className="ml-1 flex">
        {id !== null && (
          <IconButton
            size="small"
            icon={Filter}
            label={t('groupBy.only', { name })}
            onPress={() => onOnly(section)}
          />
        )}
        <IconButton
          size="small"
          icon={ListChecks}
          label={t('groupBy.select', { name })}
          onPress={() => onPick(section)}
        />
      </span>
    </div>
  );
}
