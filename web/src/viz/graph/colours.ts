/** Colour means what flows: ports, edges and chips of one data type share a hue; bodies of nodes stay neutral. */

import type { DocumentNode } from './document';

const PORT_COLOURS: Record<string, string> = {
  dataset: 'var(--kind-dataset)',
  model: 'var(--kind-model)',
  files: 'var(--kind-test)',
  endpoint: 'var(--kind-serve)',
  branch: 'var(--kind-condition)',
  condition: 'var(--kind-condition)',
};

const FUNCTION_COLOURS: Record<string, string> = {
  process: 'var(--kind-process)',
  train: 'var(--kind-train)',
  test: 'var(--kind-test)',
  infer: 'var(--kind-infer)',
  serve: 'var(--kind-serve)',
  compile: 'var(--kind-compile)',
};

export const FUNCTIONS = ['process', 'train', 'test', 'infer', 'compile', 'serve'] as const;

export function portColour(type: string): string {
  return PORT_COLOURS[type] ?? 'var(--fg-3)';
}

export function functionColour(name: string): string {
  return FUNCTION_COLOURS[name] ?? 'var(--fg-3)';
}

export function nodeColour(node: Pick<DocumentNode, 'type' | 'function'>): string {
  return node.type === 'algorithm' ? functionColour(node.function ?? '') : portColour(node.type);
}

/** The quiet background that goes with a colour; texts in that colour stay readable on it. */
export function tint(colour: string): string {
  return `color-mix(in srgb, ${colour} 14%, transparent)`;
}
