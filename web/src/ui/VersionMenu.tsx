import { ChevronDown } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Button } from './Button';
import { Menu } from './Menu';

interface VersionMenuProps {
  versions: number[];
  value: number;
  onChange: (version: number) => void;
}

/** Which version of a thing is shown. */
export function VersionMenu({ versions, value, onChange }: VersionMenuProps) {
  const { t } = useTranslation();
  const items = versions.map((version) => ({
    id: String(version),
    label: `v${version}`,
    isChecked: version === value,
    onAction: () => onChange(version),
  }));
  return (
    <Menu label={t('version')} placement="bottom start" groups={[{ items }]}>
      <Button size="small" aria-label={`${t('version')}: v${value}`}>
        v{value}
        <ChevronDown aria-hidden />
      </Button>
    </Menu>
  );
}
