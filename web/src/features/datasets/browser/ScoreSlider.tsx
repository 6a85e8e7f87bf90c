import { useTranslation } from 'react-i18next';

/** The score from which objects count. */
export function ScoreSlider({ value, onChange }: { value: number; onChange: (score: number) => void }) {
  const { t } = useTranslation('datasets');
  return (
    <label className="flex items-center gap-2 text-12 text-fg-2">
      <span className="whitespace-nowrap">{t('minScore')}</span>
      <input
        type="range"
        min={0}
        max={1}
        step={0.05}
        value={value}
        onChange={(event) => onChange(Number(event.target.value))}
        className="h-6 min-w-0 flex-1 accent-accent"
      />
      <span className="w-8 text-right font-mono">{value.toFixed(2)}</span>
    </label>
  );
}
