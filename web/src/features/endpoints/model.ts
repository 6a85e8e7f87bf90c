/** Rules of endpoints: snippets that call one, and how an answer is read. */

import type { Schemas } from '@/api/client';
import type { Series } from '@/viz/series';

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

export interface TrafficCurves {
  /** Whether nothing at all was asked in this time. */
  isQuiet: boolean;
  /** Requests a second. */
  rate: Series[];
  /** From 0 to 1; steps without a request have none. */
  errors: Series[];
  /** p50, p95 and p99 in ms. */
  latency: Series[];
}

/** Curves of what an endpoint answered. */
export function trafficCurves(traffic: Schemas['EndpointTrafficOut']): TrafficCurves {
  const { step_s, last_step_s, num_requests, num_errors, p50_ms, p95_ms, p99_ms } = traffic;
  const steps = traffic.times.map((time) => Date.parse(time) / 1000);
  // Steps without a value stay: curves of one time have one axis.
  const curve = (values: (number | null)[]): Series => ({
    steps,
    values: values.map((value) => value ?? Number.NaN),
  });
  // What is just beginning says little about a whole step.
  const isTooShort = last_step_s < step_s / 4;
  const rates = num_requests.map((number, index) => {
    if (index < num_requests.length - 1) return number / step_s;
    return isTooShort ? null : number / last_step_s;
  });
  const shares = num_requests.map((number, index) =>
    number === 0 ? null : (num_errors[index] as number) / number,
  );
  return {
    isQuiet: num_requests.every((number) => number === 0),
    rate: [curve(rates)],
    errors: [curve(shares)],
    latency: [p50_ms, p95_ms, p99_ms].map(curve),
  };
}

type Deployment = Schemas['DeploymentOut'];

/** Whether the endpoint can go back to what it was given: it answered once, has a name, and is not what answers now. */
export function isReturnable(deployment: Deployment, current: Deployment | undefined): boolean {
  const { is_current, ready_at, model } = deployment;
  if (is_current || ready_at === null || !model?.name) return false;
  const what = ({ model, algorithm, algorithm_version, parameters }: Deployment) =>
    JSON.stringify([model?.digest, algorithm, algorithm_version, parameters]);
  return current?.state !== 'ready' || what(deployment) !== what(current);
}

/** What an earlier deployment of the same model was told otherwise, as in `max_batch 8`. */
export function differences(deployment: Deployment, current: Deployment | undefined): string[] {
  if (deployment.model?.digest !== current?.model?.digest) return [];
  return Object.entries(deployment.parameters)
    .filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(current?.parameters[name]))
    .map(([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : value}`);
}

const NAME = /^[a-z0-9][a-z0-9_.-]{0,62}$/;

export function isName(text: string): boolean {
  return NAME.test(text);
}
