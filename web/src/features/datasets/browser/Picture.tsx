import { ImageOff } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { readProblem } from '@/api/problem';
import { cx } from '@/ui/cx';
import { useTold } from '@/ui/told';

interface PictureProps {
  src: string;
  /** The same picture in another format, for one that browsers do not know. */
  fallback?: string;
  alt?: string;
  isPixelated: boolean;
  fit: 'cover' | 'contain';
  /** In a small place only the icon and, on pointing, the reason. */
  isSmall?: boolean;
  /** What is not in sight yet waits for what is. */
  isInSight?: boolean;
  onBroken?: () => void;
}

/** A picture of a sample; where it cannot be drawn, why. */
export function Picture(props: PictureProps) {
  const { src, fallback, alt = '', isPixelated, fit, isSmall, isInSight = true, onBroken } = props;
  const [tried, setTried] = useState(src);
  const [isBroken, setBroken] = useState(false);
  if (isBroken) return <Broken src={tried} isSmall={isSmall} />;
  return (
    <img
      fetchPriority={isInSight ? 'high' : 'low'}
      src={tried}
      alt={alt}
      loading="lazy"
      decoding="async"
      draggable={false}
      onError={() => {
        if (fallback !== undefined && tried !== fallback) {
          setTried(fallback);
          return;
        }
        setBroken(true);
        onBroken?.();
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

function Broken({ src, isSmall }: Pick<PictureProps, 'src' | 'isSmall'>) {
  const { t } = useTranslation('datasets');
  const reason = useReason(src);
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
function useReason(src: string): string {
  const { t } = useTranslation('datasets');
  const told = useTold();
  const [reason, setReason] = useState('');
  useEffect(() => {
    let isGone = false;
    const tell = (text: string) => {
      if (!isGone) setReason(text);
    };
    fetch(src)
      .then(async (answer) => (answer.ok ? t('unknownFormat') : told(await readProblem(answer))))
      .catch(told)
      .then(tell);
    return () => {
      isGone = true;
    };
  }, [src, t, told]);
  return reason;
}
