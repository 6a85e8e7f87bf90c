import { useTranslation } from 'react-i18next';

/** What an artifact is: its type, and the task that it serves where that is known. */
export function PortWords({ type, kind }: { type: string; kind: string | null }) {
  const { t } = useTranslation('pipelines');
  const words = t(`port.${type}`, { defaultValue: type });
  return kind ? `${words} · ${t(`kind.${kind}`, { ns: 'common', defaultValue: kind })}` : words;
}
