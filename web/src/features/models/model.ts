import { metricUnit } from '@/ui/metricUnit';

/** The metric to tell a model by at a glance: a share before anything else, of the test before the training. */
export function keyMetric(metrics: Record<string, number>): [string, number] | null {
  const entries = Object.entries(metrics);
  return entries.find(([name, value]) => metricUnit(name, value) === 'share') ?? entries[0] ?? null;
}

/** `algorithm 1.0.0` without its version. */
export function algorithmName(algorithm: string): string {
  return algorithm.split(' ')[0] ?? algorithm;
}

/** A block of a model card; cards are plain Markdown that the server writes. */
export type CardBlock =
  | { kind: 'heading'; level: number; text: string }
  | { kind: 'text'; text: string }
  | { kind: 'list'; items: string[] }
  | { kind: 'table'; rows: string[][] };

/** Takes a card apart, without the front matter and its title. */
export function parseCard(markdown: string): CardBlock[] {
  const body = markdown.replace(/^---\n[\s\S]*?\n---\n/, '');
  const blocks: CardBlock[] = [];
  for (const chunk of body.split(/\n{2,}/)) {
    const lines = chunk.trim().split('\n');
    const first = lines[0] ?? '';
    const heading = /^(#+)\s+(.*)$/.exec(first);
    if (heading) {
      if ((heading[1] as string).length > 1)
        blocks.push({ kind: 'heading', level: (heading[1] as string).length, text: heading[2] as string });
      if (lines.length > 1) blocks.push(...parseCard(lines.slice(1).join('\n')));
    } else if (first.startsWith('|')) blocks.push({ kind: 'table', rows: tableRows(lines) });
    else if (first.startsWith('- ')) blocks.push({ kind: 'list', items: lines.map((line) => line.slice(2)) });
    else if (first !== '') blocks.push({ kind: 'text', text: lines.join(' ') });
  }
  return blocks;
}

function tableRows(lines: string[]): string[][] {
  return lines
    .filter((line) => !/^\|[\s|:-]*$/.test(line))
    .map((line) =>
      line
        .replace(/^\||\|$/g, '')
        .split('|')
        .map((cell) => cell.trim()),
    );
}
