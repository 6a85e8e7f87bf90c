/** A pipeline document, `kpl.pipeline/v1`, and how its parts are named. */

import { type Schema, type Texts, textOf } from './schema';

export interface DocumentNode {
  id: string;
  type: 'dataset' | 'model' | 'algorithm' | 'condition';
  title?: Texts;
  dataset?: string;
  model?: string;
  algorithm?: string;
  function?: string;
  /** Of a condition: the metric that is compared, how, and with what. */
  metric?: string;
  operator?: string;
  value?: number | string;
  parameters?: Record<string, unknown>;
  search?: Search;
  resources?: Record<string, unknown>;
  retries?: number;
  timeout_s?: number;
  publish?: Record<string, string>;
  endpoint?: string;
}

/** What a searched parameter may be: between two numbers, or one of several values. */
export interface SearchRange {
  min?: number;
  max?: number;
  log?: boolean;
  step?: number;
  choices?: unknown[];
}

/** How the best values of a step's parameters are searched for; what is left out is as the server has it by default. */
export interface Search {
  parameters: Record<string, SearchRange>;
  trials?: number;
  parallel?: number;
  budget_s?: number;
  method?: string;
  pruning?: boolean;
  metric?: string;
  direction?: string;
  seed?: number;
}

/** A link `node.output` to `node.input`, `node` to `node` for order alone, or a branch `condition.then` to `node`. */
export interface DocumentEdge {
  from: string;
  to: string;
}

export interface Position {
  x: number;
  y: number;
}

/** Words on the canvas, or the title of a frame. */
export interface Note extends Position {
  width: number;
  height: number;
  text?: string;
  colour?: string;
}

export interface PipelineDocument {
  schema: string;
  name: string;
  title?: Texts;
  description?: Texts;
  task?: string;
  parameters?: Record<string, Schema>;
  nodes?: DocumentNode[];
  edges?: DocumentEdge[];
  /** Where nodes stand, by id; and notes, by names with a `/`. */
  layout?: Record<string, Position | Note>;
}

export const SCHEMA = 'kpl.pipeline/v1';
export const NAME_PATTERN = /^[a-z0-9][a-z0-9_.-]{0,62}$/;
export const NODE_ID_PATTERN = /^[a-z0-9][a-z0-9_-]{0,62}$/;
export const PARAMETER_PATTERN = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;

export function emptyDocument(name: string): PipelineDocument {
  return { schema: SCHEMA, name };
}

/** A value as a document, when it has the parts that a canvas cannot do without; null when not. What is wrong in the rest, the server says. */
export function asDocument(value: unknown): PipelineDocument | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const { nodes, edges } = value as PipelineDocument;
  const isList = <T>(list: T[] | undefined, fits: (each: T) => boolean) =>
    list === undefined || (Array.isArray(list) && list.every((each) => each && fits(each)));
  const isText = (text: unknown) => typeof text === 'string';
  const isSound =
    isList(nodes, ({ id }) => isText(id)) && isList(edges, ({ from, to }) => isText(from) && isText(to));
  return isSound ? (value as PipelineDocument) : null;
}

/** One end of an edge: the node, and its port (empty for an edge that only orders). */
export interface End {
  node: string;
  port: string;
}

export function parseEnd(text: string): End {
  const dot = text.indexOf('.');
  return dot < 0 ? { node: text, port: '' } : { node: text.slice(0, dot), port: text.slice(dot + 1) };
}

export function formatEnd(end: End): string {
  return end.port ? `${end.node}.${end.port}` : end.node;
}

const WHOLE_BINDING = /^\$\{parameters\.([A-Za-z_][A-Za-z0-9_]*)\}$/;
const ANY_BINDING = /(?<!\$)\$\{parameters\.([A-Za-z_][A-Za-z0-9_]*)\}/g;

/** The parameter that a value is bound to, when the whole value is one binding. */
export function boundParameter(value: unknown): string | null {
  return typeof value === 'string' ? (WHOLE_BINDING.exec(value)?.[1] ?? null) : null;
}

export function bindingTo(parameter: string): string {
  return `\${parameters.${parameter}}`;
}

/** Put defaults (or given values) of the pipeline's parameters in the place of bindings. */
export function resolved(
  value: unknown,
  parameters: Record<string, Schema>,
  given: Record<string, unknown> = {},
): unknown {
  const valueFor = (name: string): unknown => given[name] ?? parameters[name]?.default;
  const whole = boundParameter(value);
  if (whole !== null) return valueFor(whole);
  if (typeof value !== 'string') return value;
  return value
    .replace(ANY_BINDING, (_, name: string) => String(valueFor(name) ?? ''))
    .replaceAll('$${', '${');
}

/** `digits@3` is the name `digits` and the version `3`. */
export function splitVersion(reference: string): { name: string; version: string } {
  const at = reference.lastIndexOf('@');
  return at < 0
    ? { name: reference, version: '' }
    : { name: reference.slice(0, at), version: reference.slice(at + 1) };
}

export const OPERATORS: readonly string[] = ['>=', '>', '<=', '<'];
const SIGNS: Record<string, string> = { '>=': '≥', '<=': '≤' };

/** The sign of an operator as people write it. */
export function signOf(operator: string): string {
  return SIGNS[operator] ?? operator;
}

/** A comparison in plain signs, as in `accuracy 0.87 < 0.9`. */
export function withSigns(text: string): string {
  return text.replaceAll('>=', '≥').replaceAll('<=', '≤');
}

/**
 * What a condition says, as in `accuracy ≥ 0.9`; empty as long as no metric is chosen.
 *
 * `value` is the limit where its parameter has a value; `words` names a metric.
 */
export function sentenceOf(
  { metric, operator, value: own }: Pick<DocumentNode, 'metric' | 'operator' | 'value'>,
  value: unknown = boundParameter(own) ?? own,
  words = (name: string) => name,
): string {
  const limit = value === undefined || value === null || value === '' ? '…' : String(value);
  return metric ? `${words(metric)} ${signOf(operator ?? '>=')} ${limit}` : '';
}

/** What a node is called on the canvas. */
export function nodeTitle(node: DocumentNode, language: string): string {
  const asset = boundParameter(node.dataset ?? node.model) === null ? node.dataset || node.model : '';
  const own = node.type === 'condition' ? sentenceOf(node) : asset;
  return textOf(node.title, language) || (node.type === 'algorithm' ? '' : own) || node.id;
}

/** A name that none of `taken` has: `train`, `train-2`, `train-3`, ... */
export function freeName(wanted: string, taken: Iterable<string>): string {
  const all = new Set(taken);
  const stem =
    wanted
      .toLowerCase()
      .replace(/[^a-z0-9_-]+/g, '-')
      .replace(/^[-_]+/, '')
      .slice(0, 56) || 'node';
  if (!all.has(stem)) return stem;
  let number = 2;
  while (all.has(`${stem}-${number}`)) number += 1;
  return `${stem}-${number}`;
}
