/** Which steps the branches of conditions lead to, and which they rule out. */

import type { PipelineDocument } from './document';
import { formatEnd, parseEnd } from './document';

/** Steps behind both branches of a condition, which would never run, each with that condition. */
export function neverRun(document: PipelineDocument): Map<string, string> {
  const before = new Map<string, { node: string; port: string; isBranch: boolean }[]>();
  const conditions = new Set(
    (document.nodes ?? []).filter(({ type }) => type === 'condition').map(({ id }) => id),
  );
  for (const edge of document.edges ?? []) {
    const [from, to] = [parseEnd(edge.from), parseEnd(edge.to)];
    const isBranch = conditions.has(from.node) && from.port !== '' && to.port === '';
    before.set(to.node, [...(before.get(to.node) ?? []), { ...from, isBranch }]);
  }
  const done = new Map<string, ReadonlySet<string>>();
  const needed = (id: string): ReadonlySet<string> => {
    const known = done.get(id);
    if (known) return known;
    done.set(id, new Set()); // a circle is told of elsewhere
    const all = new Set<string>();
    for (const { node, port, isBranch } of before.get(id) ?? []) {
      if (isBranch) all.add(formatEnd({ node, port }));
      for (const each of needed(node)) all.add(each);
    }
    done.set(id, all);
    return all;
  };
  const torn = new Map<string, string>();
  for (const { id } of document.nodes ?? []) {
    const all = needed(id);
    const by = [...conditions].find((each) => all.has(`${each}.then`) && all.has(`${each}.otherwise`));
    if (by) torn.set(id, by);
  }
  return torn;
}

/** The steps that a branch leads to. */
export function behind(document: PipelineDocument, id: string, port: string): string[] {
  const from = formatEnd({ node: id, port });
  return (document.edges ?? []).filter((edge) => edge.from === from).map((edge) => parseEnd(edge.to).node);
}
