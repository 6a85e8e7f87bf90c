import { ImageOff } from 'lucide-react';
import { useState } from 'react';
import { cx } from './cx';

interface ThumbProps {
  src: string;
  alt?: string;
  className?: string;
  /** For tiny images: sharp squares instead of a blur. */
  isPixelated?: boolean;
  /** With nothing cut off, on black. */
  isWhole?: boolean;
}

/** A picture of a sample that fills its place; an icon where it cannot be drawn. */
export function Thumb({ src, alt = '', className, isPixelated, isWhole }: ThumbProps) {
  const [isBroken, setBroken] = useState(false);
  if (isBroken)
    return (
      <span className={cx('grid place-items-center bg-sunken text-fg-3', className)}>
        <ImageOff aria-hidden className="size-4" />
      </span>
    );
  return (
    <img
      src={src}
      alt={alt}
      loading="lazy"
      decoding="async"
      draggable={false}
      onError={() => setBroken(true)}
      style={isPixelated ? { imageRendering: 'pixelated' } : undefined}
      className={cx(isWhole ? 'bg-[#000000] object-contain' : 'bg-sunken object-cover', className)}
    />
  );
}
