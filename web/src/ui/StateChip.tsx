import {
  Ban,
  CircleAlert,
  CircleCheck,
  CircleDashed,
  CircleSlash,
  Clock,
  History,
  LoaderCircle,
  type LucideIcon,
  Radio,
  Square,
} from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Badge, type Tone, toneColor } from './Badge';
import { cx } from './cx';

interface Look {
  tone: Tone;
  icon: LucideIcon;
}

/** It stands still: each turning icon costs the main thread of a remote desktop 50 ms a second. */
const GOING: Look = { tone: 'running', icon: LoaderCircle };
const LOOKS: Record<string, Look> = {
  waiting: { tone: 'queued', icon: CircleDashed },
  resolving: GOING,
  searching: GOING,
  queued: { tone: 'queued', icon: Clock },
  starting: GOING,
  running: GOING,
  collecting: GOING,
  restarting: GOING,
  stopping: GOING,
  ready: { tone: 'ok', icon: Radio },
  succeeded: { tone: 'ok', icon: CircleCheck },
  reused: { tone: 'cached', icon: History },
  failed: { tone: 'failed', icon: CircleAlert },
  ended: { tone: 'queued', icon: Square },
  skipped: { tone: 'queued', icon: CircleSlash },
  cancelled: { tone: 'queued', icon: Ban },
  stopped: { tone: 'queued', icon: Square },
};

/** How a state of a run, task, attempt or endpoint looks. */
export function stateLook(state: string): Look {
  return LOOKS[state] ?? { tone: 'neutral', icon: CircleDashed };
}

/** Icon and word of a state. */
export function StateChip({ state, className }: { state: string; className?: string }) {
  const { t } = useTranslation();
  const { tone, icon: Icon } = stateLook(state);
  return (
    <Badge tone={tone} icon={<Icon aria-hidden />} className={className}>
      {t(`state.${state}`, { defaultValue: state })}
    </Badge>
  );
}

/** The icon alone, named for readers; where there is no room for the word. */
export function StateIcon({ state, className = 'size-4' }: { state: string; className?: string }) {
  const { t } = useTranslation();
  const { tone, icon: Icon } = stateLook(state);
  return (
    <Icon
      role="img"
      aria-label={t(`state.${state}`, { defaultValue: state })}
      style={{ color: toneColor(tone) }}
      className={cx('shrink-0', className)}
    />
  );
}
