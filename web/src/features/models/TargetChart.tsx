import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { dotsOf, type MeasuredTarget } from './targets';

interface TargetChartProps {
  targets: MeasuredTarget[];
  chosen: string;
  front: Set<string>;
}

const WIDTH = 260;
const HEIGHT = 150;

/** Accuracy over latency; the larger a dot, the larger the file. What nothing beats is filled. */
export function TargetChart({ targets, chosen, front }: TargetChartProps) {
  const { t } = useTranslation('models');
  const { metric, share, bytes } = useFormat();
  if (targets.length < 2) return null;
  const largest = Math.max(...targets.map(({ sizeBytes }) => sizeBytes));
  return (
    <figure className="border-l border-line p-4">
      <figcaption className="mb-1 text-12 text-fg-2">{t('targets.chart')}</figcaption>
      <svg
        viewBox={`-4 -4 ${WIDTH + 8} ${HEIGHT + 22}`}
        role="img"
        aria-label={t('targets.chart')}
        className="w-full"
      >
        <path d={`M0 0V${HEIGHT}H${WIDTH}`} fill="none" stroke="var(--line-strong)" />
        <text x={WIDTH} y={HEIGHT + 14} textAnchor="end" className="fill-fg-3 text-[10px]">
          {t('targets.latencyAxis')}
        </text>
        <text x={4} y={8} className="fill-fg-3 text-[10px]">
          {t('targets.accuracyAxis')}
        </text>
        {dotsOf(targets, WIDTH, HEIGHT).map(({ target, x, y }) => {
          const isOnFront = front.has(target.target);
          return (
            <g key={target.target}>
              <circle
                cx={x}
                cy={y}
                r={4 + 6 * Math.sqrt(target.sizeBytes / largest)}
                fill={isOnFront ? 'var(--kind-compile)' : 'var(--surface)'}
                fillOpacity={isOnFront ? 0.55 : 1}
                stroke="var(--kind-compile)"
                strokeWidth={target.target === chosen ? 2.5 : 1}
              >
                <title>
                  {`${target.target}: ${share(target.accuracyAfter, 2)}, ${metric(target.latencyP50Ms)} ms, ${bytes(target.sizeBytes)}`}
                </title>
              </circle>
            </g>
          );
        })}
      </svg>
    </figure>
  );
}
