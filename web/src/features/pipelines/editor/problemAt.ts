import type { Problem } from '../api';

/** What the server says is wrong at a place or inside it. */
export function problemAt(problems: Problem[], path: string): string | undefined {
  const isAt = (problem: Problem) => problem.path === path || /^[.[]/.test(problem.path.slice(path.length));
  return problems.find((problem) => problem.path.startsWith(path) && isAt(problem))?.reason;
}
