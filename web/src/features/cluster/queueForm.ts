/** Rules of the form for a queue: amounts as people count them, and what of them is sent. */

import type { Schemas } from '@/api/client';
import type { Queue } from './model';

export const LIMITS = ['guaranteed', 'limit', 'user_limit'] as const;

export type LimitName = (typeof LIMITS)[number];

/** Cores, GiB, devices or tasks by resource; NaN where nothing is said. */
export type Amounts = Record<string, number>;

export interface QueueForm {
  name: string;
  parent: string;
  weight: number;
  amounts: Record<LimitName, Amounts>;
  /** Hours; NaN for none. */
  maxRunHours: number;
  idleStopHours: number;
  minRunMinutes: number;
  /** Words between commas; empty for all kinds. */
  allowedKinds: string;
}

const NAMED = ['cpu', 'memory', 'storage', 'tasks'];

/** How many of the API's units one of the form's is. */
export function unitOf(resource: string): number {
  if (resource === 'tasks') return 1;
  return resource === 'memory' || resource === 'storage' ? 1024 : 1000;
}

/** The resources that a queue can say something of: what machines have, and what it says something of already. */
export function resourcesOf(queue: Queue | null, total: Amounts): string[] {
  const kinds = Object.keys(total).filter((name) => !name.includes(':'));
  const said = queue ? LIMITS.flatMap((name) => Object.keys(queue[name])) : [];
  const others = [...new Set([...kinds, ...said])].filter((name) => !NAMED.includes(name)).sort();
  return [...NAMED.slice(0, 2), ...others, ...NAMED.slice(2)];
}

const orNaN = (value: number | null | undefined, unit: number) =>
  value === null || value === undefined ? Number.NaN : value / unit;

/** What a queue says, for the form; a new one says nothing. */
export function formOf(queue: Queue | null, parent: string): QueueForm {
  const amountsOf = (name: LimitName): Amounts =>
    Object.fromEntries(
      Object.entries(queue?.[name] ?? {}).map(([resource, value]) => [resource, value / unitOf(resource)]),
    );
  const policy = queue?.policy;
  return {
    name: queue?.name ?? '',
    parent: queue?.parent ?? parent,
    weight: queue?.weight ?? 1,
    amounts: {
      guaranteed: amountsOf('guaranteed'),
      limit: amountsOf('limit'),
      user_limit: amountsOf('user_limit'),
    },
    maxRunHours: orNaN(policy?.max_run_time_s, 3600),
    idleStopHours: orNaN(policy?.idle_stop_s, 3600),
    minRunMinutes: orNaN(policy?.min_run_s, 60),
    allowedKinds: policy?.allowed_kinds?.join(', ') ?? '',
  };
}

/** The body of the request. Amounts are whole in the API's units; a rule left empty is taken from the queue above. */
export function bodyOf(form: QueueForm, isNew: boolean): Schemas['QueuePut'] {
  const amountsOf = (name: LimitName) =>
    Object.fromEntries(
      Object.entries(form.amounts[name])
        .filter(([, value]) => Number.isFinite(value))
        .map(([resource, value]) => [resource, Math.round(value * unitOf(resource))]),
    );
  const seconds = (value: number, unit: number) => (Number.isFinite(value) ? value * unit : null);
  const kinds = form.allowedKinds.split(/[,，\s]+/).filter(Boolean);
  return {
    ...(isNew ? { parent: form.parent } : {}),
    weight: form.weight,
    guaranteed: amountsOf('guaranteed'),
    limit: amountsOf('limit'),
    user_limit: amountsOf('user_limit'),
    policy: {
      max_run_time_s: seconds(form.maxRunHours, 3600),
      idle_stop_s: seconds(form.idleStopHours, 3600),
      min_run_s: seconds(form.minRunMinutes, 60),
      allowed_kinds: kinds.length > 0 ? kinds : null,
    },
  };
}

export function isQueueName(name: string): boolean {
  return /^[a-z0-9][a-z0-9_.-]{0,62}$/.test(name);
}
