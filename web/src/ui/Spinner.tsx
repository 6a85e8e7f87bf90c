import { LoaderCircle } from 'lucide-react';

/** A turning ring; say in words elsewhere what is waited for. */
export function Spinner({ className = 'size-4' }: { className?: string }) {
  return <LoaderCircle aria-hidden className={`animate-spin ${className}`} />;
}
