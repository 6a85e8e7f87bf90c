import { Check, Copy } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { cx } from './cx';
import { IconButton } from './IconButton';

/** A button that copies, and shows that it did. */
export function CopyButton({ text, label }: { text: string; label?: string }) {
  const { t } = useTranslation();
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return undefined;
    const timer = setTimeout(() => setCopied(false), 1500);
    return () => clearTimeout(timer);
  }, [isCopied]);
  return (
    <IconButton
      size="small"
      icon={isCopied ? Check : Copy}
      label={isCopied ? t('copied') : (label ?? t('copy'))}
      onPress={() => void copyText(text).then(() => setCopied(true))}
    />
  );
}

/** Copies also where the page has no right to the clipboard, as on a plain HTTP address. */
export async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement('textarea');
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
  return undefined;
}

interface CodeBlockProps {
  code: string;
  /** Breaks long lines instead of scrolling. */
  wraps?: boolean;
  className?: string;
}

/** Commands, code or a path, to copy. */
export function CodeBlock({ code, wraps, className }: CodeBlockProps) {
  return (
    <div
      className={cx(
        'flex items-start gap-1 rounded-md border border-line bg-sunken py-1 pr-1 pl-3',
        className,
      )}
    >
      <pre
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region has to be reached by the keyboard
        tabIndex={0}
        className={cx(
          'min-w-0 flex-1 overflow-auto py-1 font-mono text-12 leading-5',
          wraps && 'break-all whitespace-pre-wrap',
        )}
      >
        <code>{code}</code>
      </pre>
      <CopyButton text={code} />
    </div>
  );
}
