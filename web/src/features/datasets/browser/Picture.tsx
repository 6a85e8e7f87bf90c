import { ImageOff } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { readProblem } from '@/api/problem';
import { cx } from '@/ui/cx';
import { useTold } from '@/ui/told';

interface PictureProps {
  /** Undefined while it is on its way, null when it cannot be had. */
  src: string | null | undefined;
  /** Asked why it cannot be had, when that is another address. */
  reasonFrom?: string;
  /** The same picture in another format, for one that browsers do not know. */
  fallback?: string;
  alt?: string;
  isPixelated: boolean;
  fit: 'cover' | 'contain';
  /** In a small place only the icon and, on pointing, the reason. */
  isSmall?: boolean;
  onBroken?: () => void;
}

/** A picture of a sample; where it cannot be drawn, why. */
export function Picture(props: PictureProps) {
  const { src, reasonFrom, fallback, alt = '', isPixelated, fit, isSmall, onBroken } = props;
  const [isFallback, setFallback] = useState(false);
  const [isBroken, setBroken] = useState(false);
  const shown = isFallback && fallback !== undefined ? fallback : src;
  const isMissing = isBroken || shown === null;
  useEffect(() => {
    if (isMissing) onBroken?.();
  }, [isMissing, onBroken]);
  if (isMissing) return <Broken address={reasonFrom ?? shown ?? ''} isSmall={isSmall} />;
  if (shown === undefined) return <span className="block size-full bg-sunken" />;
  return (
    <img
      src={shown}
      alt={alt}
      loading="lazy"
      decoding="async"
      draggable={false}
      onError={() => {
        if (fallback !== undefined && !isFallback) setFallback(true);
        else setBroken(true);
      }}
      style={isPixelated ? { imageRendering: 'pixelated' } : undefined}
      className={cx(
        'size-full',
        fit === 'contain' ? 'object-contain' : 'object-cover',
        isPixelated ? 'bg-[#000000]' : 'bg-sunken',
      )}
    />
  );
}

function Broken({ address, isSmall }: { address: string; isSmall?: boolean }) {
  const { t } = useTranslation('datasets');
  const reason = useReason(address);
  return (
    <span
      title={reason}
      className="flex size-full flex-col items-center justify-center gap-1 overflow-hidden border border-dashed border-line-strong bg-sunken p-2 text-center text-fg-2"
    >
      <ImageOff aria-hidden className="size-4 shrink-0" />
      {!isSmall && <span className="text-11 font-medium">{t('unreadable')}</span>}
      {!isSmall && <span className="line-clamp-3 text-11 break-words">{reason}</span>}
    </span>
  );
}

/** Why the server could not give an image. */
function useReason(address: string): string {
  const { t } = useTranslation('datasets');
  const told = useTold();
  const [reason, setReason] = useState('');
  useEffect(() => {
    let isGone = false;
    const tell = (text: string) => {
      if (!isGone) setReason(text);
    };
    fetch(address)
      .then(async (answer) => (answer.ok ? t('unknownFormat') : told(await readProblem(answer))))
      .catch(told)
      .then(tell);
    return () => {
      isGone = true;
    };
  }, [address, t, told]);
  return reason;
}
