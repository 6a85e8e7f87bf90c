import { ImageOff } from 'lucide-react';
import { useState } from 'react';
import { cx } from './cx';

interface ThumbProps {
  src: string;
  alt?: string;
  className?: string;
  /** For tiny images: sharp squares instead of a blur, and nothing cut off. */
  isPixelated?: boolean;
}

/** A picture of a sample, cropped to its place; an icon where it cannot be drawn. */
export function Thumb({ src, alt = '', className, isPixelated }: ThumbProps) {
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
      className={cx(isPixelated ? 'bg-black object-contain' : 'bg-sunken object-cover', className)}
    />
  );
}
