import { Rows3 } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Button } from '@/ui/Button';
import { Menu } from '@/ui/Menu';
import type { SampleFilter } from '../api';

type Group = NonNullable<SampleFilter['group']>;

interface GroupMenuProps {
  groups: readonly Group[];
  /** Whether the classes are persons. */
  isIdentity: boolean;
  value: Group | null;
  onChange: (group: Group | undefined) => void;
}

/** By what the samples stand together below headings. */
export function GroupMenu({ groups, isIdentity, value, onChange }: GroupMenuProps) {
  const { t } = useTranslation('datasets');
  const nameOf = (group: Group | null) =>
    t(`groupBy.${group === null ? 'none' : group === 'label' && isIdentity ? 'identity' : group}`);
  return (
    <Menu
      label={t('groupBy.title')}
      groups={[
        {
          title: t('groupBy.title'),
          items: [null, ...groups].map((group) => ({
            id: group ?? 'none',
            label: nameOf(group),
            isChecked: group === value,
            onAction: () => onChange(group ?? undefined),
          })),
        },
      ]}
    >
      <Button
        size="small"
        variant="quiet"
        aria-label={`${t('groupBy.title')}: ${nameOf(value)}`}
        className={value === null ? undefined : 'bg-accent-soft text-accent'}
      >
        <Rows3 aria-hidden />
        <span className="hidden @min-[860px]:inline">
          {value === null ? t('groupBy.short') : nameOf(value)}
        </span>
      </Button>
    </Menu>
  );
}
