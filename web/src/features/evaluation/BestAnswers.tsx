import { useFormat } from '@/i18n/format';
import type { EvaluatedSample } from './api';

/** The classes with the highest scores; the true one stands out. */
export function BestAnswers({ sample }: { sample: EvaluatedSample }) {
  const { share } = useFormat();
  return (
    <ul className="mt-1 space-y-1.5">
      {sample.best.map(({ class_id, label, score }) => (
        <li key={class_id} className="grid grid-cols-[112px_1fr_52px] items-center gap-2 text-12">
          <span className={`truncate ${label === sample.label ? 'font-semibold text-ok' : ''}`} title={label}>
            {label}
          </span>
          <span aria-hidden className="h-1.5 rounded-full bg-sunken">
            <span
              className={`block h-full rounded-full ${label === sample.label ? 'bg-ok' : 'bg-fg-3'}`}
              style={{ width: `${Math.min(1, Math.max(0, score)) * 100}%` }}
            />
          </span>
          <span className="text-right tabular-nums">{share(score)}</span>
        </li>
      ))}
    </ul>
  );
}
