import { Fragment } from 'react';

/** Text with `code` in it. */
export function InlineCode({ text }: { text: string }) {
  return text.split('`').map((part, index) =>
    index % 2 === 1 ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: the text is read only
      <code key={index} className="rounded-sm bg-sunken px-1 font-mono text-12">
        {part}
      </code>
    ) : (
      // biome-ignore lint/suspicious/noArrayIndexKey: the text is read only
      <Fragment key={index}>{part}</Fragment>
    ),
  );
}
