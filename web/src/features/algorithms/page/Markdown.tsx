import { useMemo } from 'react';
import { type Block, parseMarkdown, parseSpans } from '../markdown';

/** A README. Its text is only ever text: no HTML of it reaches the page. */
export function Markdown({ source }: { source: string }) {
  const blocks = useMemo(() => parseMarkdown(source), [source]);
  return (
    <div className="max-w-3xl space-y-3 p-5 text-13 leading-6">
      {blocks.map((block, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the blocks of a text keep their places
        <BlockView key={index} block={block} />
      ))}
    </div>
  );
}

function BlockView({ block }: { block: Block }) {
  switch (block.type) {
    case 'heading':
      return block.level <= 2 ? (
        <h2 className="pt-2 text-16 font-semibold">{block.text}</h2>
      ) : (
        <h3 className="pt-1 text-14 font-semibold">{block.text}</h3>
      );
    case 'code':
      return (
        <pre className="overflow-auto rounded-md border border-line bg-sunken p-3 font-mono text-12 leading-5">
          {block.text}
        </pre>
      );
    case 'list': {
      const List = block.isOrdered ? 'ol' : 'ul';
      return (
        <List className={block.isOrdered ? 'list-decimal space-y-1 pl-6' : 'list-disc space-y-1 pl-6'}>
          {block.items.map((item) => (
            <li key={item}>
              <Spans text={item} />
            </li>
          ))}
        </List>
      );
    }
    case 'table':
      return (
        <table className="w-full border-separate border-spacing-0 text-12">
          <thead>
            <tr>
              {block.head.map((cell) => (
                <th key={cell} className="border-b border-line py-1 pr-4 text-left font-medium text-fg-3">
                  <Spans text={cell} />
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {block.rows.map((row) => (
              <tr key={row.join('|')}>
                {row.map((cell, index) => (
                  <td key={block.head[index] ?? cell} className="border-b border-line py-1 pr-4">
                    <Spans text={cell} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      );
    default:
      return (
        <p>
          <Spans text={block.text} />
        </p>
      );
  }
}

function Spans({ text }: { text: string }) {
  return parseSpans(text).map((span, index) => {
    const key = `${index}-${span.type}`;
    if (span.type === 'code') {
      return (
        <code key={key} className="rounded-sm bg-sunken px-1 font-mono text-12">
          {span.text}
        </code>
      );
    }
    if (span.type === 'strong') return <strong key={key}>{span.text}</strong>;
    if (span.type === 'link') {
      return (
        <a
          key={key}
          href={span.href}
          target="_blank"
          rel="noreferrer"
          className="text-accent hover:underline"
        >
          {span.text}
        </a>
      );
    }
    return span.text;
  });
}
