import { useTranslation } from 'react-i18next';
import { OPACITIES } from './view';

interface SliderProps {
  value: number;
  onChange: (value: number) => void;
}

/** The score from which objects count. */
export function ScoreSlider(props: SliderProps) {
  const { t } = useTranslation('datasets');
  return (
    <Slider {...props} label={t('minScore')} text={props.value.toFixed(2)} min={0} max={1} step={0.05} />
  );
}

/** How much of what is drawn over pictures covers them. */
export function OpacitySlider(props: SliderProps) {
  const { t } = useTranslation('datasets');
  return (
    <Slider {...props} label={t('opacity')} text={`${Math.round(props.value * 100)} %`} {...OPACITIES} />
  );
}

interface LabelledProps extends SliderProps {
  label: string;
  text: string;
  min: number;
  max: number;
  step: number;
}

function Slider({ label, text, value, onChange, ...range }: LabelledProps) {
  return (
    <label className="flex items-center gap-2 text-12 text-fg-2">
      <span className="whitespace-nowrap">{label}</span>
      <input
        type="range"
        {...range}
        value={value}
        onChange={(event) => onChange(Number(event.target.value))}
        className="h-6 min-w-0 flex-1 accent-accent"
      />
      <span className="w-10 text-right font-mono">{text}</span>
    </label>
  );
}
