/** What a plan says, in numbers. */

import type { Plan } from './api';

const MIB = 1024 * 1024;

/** An amount as quotas count it: memory and storage in MiB, tasks by the piece, all else in thousandths. */
export function amountText(resource: string, amount: number, bytes: (bytes: number) => string): string {
  if (resource === 'memory' || resource === 'storage') return bytes(amount * MIB);
  return resource === 'tasks' ? String(amount) : String(amount / 1000);
}

/** Whether a run of the plan would be refused, since a step of it could never start. */
export function isRefused(plan: Plan | undefined): boolean {
  return plan?.steps.some(({ refusal }) => refusal !== '') ?? false;
}
