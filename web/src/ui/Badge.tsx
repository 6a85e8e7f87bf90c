import type { ReactNode } from 'react';
import { cx } from './cx';

export type Tone =
  | 'neutral'
  | 'accent'
  | 'queued'
  | 'running'
  | 'ok'
  | 'failed'
  | 'warning'
  | 'cached'
  | DataTone;
/** Colours of what flows through a pipeline. */
export type DataTone = 'dataset' | 'model' | 'process' | 'train' | 'test' | 'infer' | 'serve' | 'compile';

const DATA = new Set<Tone>(['dataset', 'model', 'process', 'train', 'test', 'infer', 'serve', 'compile']);

/** The CSS colour of a tone, in the theme in use. */
export function toneColor(tone: Tone): string {
  if (tone === 'neutral') return 'var(--fg-2)';
  return DATA.has(tone) ? `var(--kind-${tone})` : `var(--${tone})`;
}

/** The tone's background: 14 % of its colour. */
export function toneTint(tone: Tone): string {
  return tone === 'neutral' ? 'var(--sunken)' : `color-mix(in srgb, ${toneColor(tone)} 14%, var(--surface))`;
}

interface BadgeProps {
  tone?: Tone;
  icon?: ReactNode;
  children: ReactNode;
  className?: string;
}

/** One or two words on a tint. */
export function Badge({ tone = 'neutral', icon, children, className }: BadgeProps) {
  return (
    <span
      style={{ color: toneColor(tone), backgroundColor: toneTint(tone) }}
      className={cx(
        'inline-flex h-5 shrink-0 items-center gap-1 rounded-sm px-1.5 text-12 font-medium whitespace-nowrap [&_svg]:size-3.5',
        className,
      )}
    >
      {icon}
      {children}
    </span>
  );
}
