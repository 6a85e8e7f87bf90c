/** Rules of endpoints: snippets that call one, and how an answer is read. */

export type SnippetLanguage = 'curl' | 'python' | 'javascript';

export const SNIPPET_LANGUAGES: SnippetLanguage[] = ['curl', 'python', 'javascript'];

/** A program that sends an image to an endpoint, ready to be copied. The token stays a variable. */
export function snippet(language: SnippetLanguage, origin: string, url: string): string {
  const address = `${origin}${url}/predict`;
  switch (language) {
    case 'curl':
      return [
        `curl ${address} \\`,
        '  -H "Authorization: Bearer $KPL_TOKEN" \\',
        '  -H "Content-Type: image/png" \\',
        '  --data-binary @image.png',
      ].join('\n');
    case 'python':
      return [
        'import os',
        'from pathlib import Path',
        '',
        'import httpx',
        '',
        'answer = httpx.post(',
        `    "${address}",`,
        '    headers={',
        '        "Authorization": f"Bearer {os.environ[\'KPL_TOKEN\']}",',
        '        "Content-Type": "image/png",',
        '    },',
        '    content=Path("image.png").read_bytes(),',
        ')',
        'answer.raise_for_status()',
        'print(answer.json())',
      ].join('\n');
    case 'javascript':
      return [
        'import { readFile } from "node:fs/promises";',
        '',
        `const answer = await fetch("${address}", {`,
        '  method: "POST",',
        '  headers: {',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: the snippet's own template string
        '    Authorization: `Bearer ${process.env.KPL_TOKEN}`,',
        '    "Content-Type": "image/png",',
        '  },',
        '  body: await readFile("image.png"),',
        '});',
        'if (!answer.ok) throw new Error(await answer.text());',
        'console.log(await answer.json());',
      ].join('\n');
  }
}

/** What an endpoint answers to an image; tasks other than classification have their own fields. */
export interface Answer {
  type?: string;
  label?: string;
  class_id?: number;
  scores?: { label: string; score: number }[];
  latency_ms?: number;
  [key: string]: unknown;
}

/** The best classes of an answer, best first; empty when it is no classification. */
export function bestScores(answer: Answer, most = 10): { label: string; score: number }[] {
  const scores = Array.isArray(answer.scores) ? answer.scores : [];
  return [...scores].sort((a, b) => b.score - a.score).slice(0, most);
}

/** Whether requests can be sent to it by now. */
export function isServing(state: string): boolean {
  return state === 'ready';
}

/** Whether it can be stopped. */
export function isStoppable(state: string): boolean {
  return state === 'ready' || state === 'starting' || state === 'restarting';
}

const NAME = /^[a-z0-9][a-z0-9_.-]{0,62}$/;

export function isName(text: string): boolean {
  return NAME.test(text);
}
