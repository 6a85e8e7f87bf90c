import { useTranslation } from 'react-i18next';
import { Select } from '@/ui/Select';

interface LayerPickerProps {
  names: string[];
  value: string | null;
  onChange: (name: string) => void;
}

/** Which of several models' answers are shown. */
export default function LayerPicker({ names, value, onChange }: LayerPickerProps) {
  const { t } = useTranslation('datasets');
  return (
    <Select
      label={t('predictionsOf')}
      isLabelHidden
      size="small"
      className="w-32 shrink-0"
      options={names.map((name) => ({ id: name, label: name }))}
      value={value}
      onChange={onChange}
    />
  );
}
