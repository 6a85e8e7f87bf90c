import { useTranslation } from 'react-i18next';
import { Badge, type Tone } from '@/ui/Badge';
import type { MachineState } from './model';

const TONES: Record<MachineState, Tone> = {
  open: 'ok',
  cordoned: 'warning',
  draining: 'warning',
  lost: 'failed',
};

/** What a machine does with new tasks, in a word. */
export function StateBadge({ state }: { state: MachineState }) {
  const { t } = useTranslation('cluster');
  return <Badge tone={TONES[state]}>{t(`state.${state}`)}</Badge>;
}
