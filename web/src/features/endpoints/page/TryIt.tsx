import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { CodeBlock } from '@/ui/CodeBlock';
import { DropZone } from '@/ui/DropZone';
import { ErrorState } from '@/ui/ErrorState';
import { Panel } from '@/ui/Panel';
import { SegmentedControl } from '@/ui/SegmentedControl';
import { Spinner } from '@/ui/Spinner';
import { type Asked, ask } from '../api';
import { bestScores } from '../model';

/** Drop an image, see what the model says. An image can be pasted, too. */
export function TryIt({ url, isServing }: { url: string; isServing: boolean }) {
  const { t } = useTranslation('endpoints');
  const [image, setImage] = useState<string | null>(null);
  const client = useQueryClient();
  const send = useMutation({
    mutationFn: (file: Blob) => ask(url, file),
    onSettled: () => void client.invalidateQueries({ queryKey: ['endpoints'] }),
  });
  const take = (file: Blob | undefined) => {
    if (!file || !isServing) return;
    setImage(URL.createObjectURL(file));
    send.mutate(file);
  };
  useEffect(() => {
    return () => {
      if (image) URL.revokeObjectURL(image);
    };
  }, [image]);
  useEffect(() => {
    const onPaste = (event: ClipboardEvent) => {
      const file = [...(event.clipboardData?.files ?? [])].find(({ type }) => type.startsWith('image/'));
      if (file) take(file);
    };
    addEventListener('paste', onPaste);
    return () => removeEventListener('paste', onPaste);
  });
  if (!isServing && send.isIdle) {
    return (
      <Panel title={t('try.title')}>
        <p className="p-4 text-13 text-fg-3">{t('try.notReady')}</p>
      </Panel>
    );
  }
  return (
    <Panel title={t('try.title')} aside={isServing ? t('try.aside') : t('try.notReady')}>
      <div className="grid grid-cols-[minmax(0,1fr)_minmax(0,1.2fr)] gap-6 p-4">
        <div className="space-y-3">
          {image && (
            <div className="grid h-44 place-items-center overflow-hidden rounded-md border border-line bg-sunken">
              <img
                src={image}
                alt={t('try.sent')}
                className="max-h-full max-w-full min-h-24 object-contain [image-rendering:pixelated]"
              />
            </div>
          )}
          <DropZone label={t('try.drop')} accept={['image/*']} onFiles={([first]) => take(first?.file)} />
        </div>
        <div aria-live="polite" className="min-w-0">
          {send.isPending && (
            <p className="flex items-center gap-2 text-13 text-fg-2">
              <Spinner /> {t('try.asking')}
            </p>
          )}
          {send.isError && <ErrorState error={send.error} isInline />}
          {send.isSuccess && !send.isPending && <Result asked={send.data} />}
          {send.isIdle && <p className="text-13 text-fg-3">{t('try.idle')}</p>}
        </div>
      </div>
    </Panel>
  );
}

function Result({ asked: { answer, seconds } }: { asked: Asked }) {
  const { t } = useTranslation('endpoints');
  const { metric, share } = useFormat();
  const [view, setView] = useState('scores');
  const scores = bestScores(answer);
  const isRaw = view === 'json' || scores.length === 0;
  return (
    <div>
      <div className="mb-3 flex items-start gap-3">
        <div className="min-w-0 flex-1">
          {answer.label !== undefined && (
            <p className="truncate text-20 leading-6 font-semibold">{answer.label}</p>
          )}
          <p className="text-12 text-fg-3">
            {t('try.took', { model: metric(answer.latency_ms ?? 0), all: metric(seconds * 1000) })}
          </p>
        </div>
        {scores.length > 0 && (
          <SegmentedControl
            label={t('try.view')}
            value={view}
            onChange={setView}
            items={[
              { id: 'scores', label: t('try.scores') },
              { id: 'json', label: 'JSON' },
            ]}
          />
        )}
      </div>
      {isRaw ? (
        <CodeBlock code={JSON.stringify(answer, null, 2)} className="max-h-80 overflow-auto" />
      ) : (
        <ul className="space-y-1.5">
          {scores.map(({ label, score }, index) => (
            <li key={label} className="grid grid-cols-[88px_minmax(0,1fr)_56px] items-center gap-3 text-12">
              <span className={`truncate ${index === 0 ? 'font-semibold' : 'text-fg-2'}`} title={label}>
                {label}
              </span>
              <span aria-hidden className="h-2.5 overflow-hidden rounded-full bg-sunken">
                <span
                  className="block h-full rounded-full"
                  style={{
                    width: `${Math.max(0.5, score * 100)}%`,
                    backgroundColor: index === 0 ? 'var(--accent)' : 'var(--line-strong)',
                  }}
                />
              </span>
              <span className="text-right tabular-nums">{share(score)}</span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
