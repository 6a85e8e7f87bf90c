/** The little of Markdown that README files need, as values; nothing of it is ever taken as HTML. */

export type Block =
  | { type: 'heading'; level: number; text: string }
  | { type: 'paragraph'; text: string }
  | { type: 'code'; text: string }
  | { type: 'list'; isOrdered: boolean; items: string[] }
  | { type: 'table'; head: string[]; rows: string[][] };

export function parseMarkdown(source: string): Block[] {
  const lines = source.replace(/\r\n?/g, '\n').split('\n');
  const blocks: Block[] = [];
  let at = 0;
  const take = (test: (line: string) => boolean): string[] => {
    const taken: string[] = [];
    while (at < lines.length && test(lines[at] as string)) {
      taken.push(lines[at] as string);
      at += 1;
    }
    return taken;
  };
  while (at < lines.length) {
    const line = lines[at] as string;
    const heading = /^(#{1,6})\s+(.*?)\s*#*$/.exec(line);
    const fence = /^\s*(```|~~~)/.exec(line)?.[1];
    if (line.trim() === '') at += 1;
    else if (heading) {
      blocks.push({ type: 'heading', level: heading[1]?.length ?? 1, text: heading[2] ?? '' });
      at += 1;
    } else if (fence) {
      at += 1;
      const code = take((each) => !each.trimStart().startsWith(fence));
      at += 1;
      blocks.push({ type: 'code', text: code.join('\n') });
    } else if (/^\s*\|.*\|\s*$/.test(line)) {
      const rows = take((each) => /^\s*\|.*\|\s*$/.test(each)).map(cells);
      const [head = [], ...rest] = rows;
      blocks.push({
        type: 'table',
        head,
        rows: rest.filter((row) => !row.every((cell) => /^:?-+:?$/.test(cell))),
      });
    } else if (ITEM.test(line)) {
      const isOrdered = /^\s*\d/.test(line);
      const items: string[] = [];
      for (const each of take((next) => ITEM.test(next) || /^\s+\S/.test(next))) {
        if (ITEM.test(each)) items.push(each.replace(ITEM, ''));
        else items.push(`${items.pop() ?? ''} ${each.trim()}`.trim());
      }
      blocks.push({ type: 'list', isOrdered, items });
    } else {
      const text = take(
        (each) => each.trim() !== '' && !/^(#{1,6}\s|\s*(```|~~~))/.test(each) && !ITEM.test(each),
      );
      blocks.push({ type: 'paragraph', text: text.map((each) => each.trim()).join(' ') });
    }
  }
  return blocks;
}

const ITEM = /^\s*(?:[-*+]|\d+[.)])\s+/;

function cells(line: string): string[] {
  return line
    .trim()
    .slice(1, -1)
    .split('|')
    .map((cell) => cell.trim());
}

export type Span =
  | { type: 'text' | 'code' | 'strong'; text: string }
  | { type: 'link'; text: string; href: string };

/** Code, strong words and links inside a line. Links lead to http and https alone. */
export function parseSpans(text: string): Span[] {
  const spans: Span[] = [];
  const pattern = /`([^`]+)`|\*\*([^*]+)\*\*|\[([^\]]+)\]\((https?:\/\/[^\s)]+)\)/g;
  let at = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > at) spans.push({ type: 'text', text: text.slice(at, match.index) });
    if (match[1] !== undefined) spans.push({ type: 'code', text: match[1] });
    else if (match[2] !== undefined) spans.push({ type: 'strong', text: match[2] });
    else spans.push({ type: 'link', text: match[3] ?? '', href: match[4] ?? '' });
    at = match.index + match[0].length;
  }
  if (at < text.length) spans.push({ type: 'text', text: text.slice(at) });
  return spans;
}
