import { boundParameter, formatEnd, type PipelineDocument, parseEnd } from '@/viz/graph/document';
import { allPorts, type Catalog } from '@/viz/graph/ports';

/**
 * The kind of dataset that a template needs: what the steps fed by its dataset parameter take. Through steps that pass
 * any kind on (a split), the kind is what comes after them. Empty when any will do, or when it is not certain.
 */
export function neededKind(document: PipelineDocument, catalog: Catalog): string {
  const parameters = document.parameters ?? {};
  const nodes = document.nodes ?? [];
  const starts = nodes.filter((node) => {
    const bound = boundParameter(node.dataset);
    return bound !== null && parameters[bound]?.['x-kpl'] === 'dataset';
  });
  const ports = allPorts(document, catalog);
  const kinds = new Set<string>();
  const seen = new Set<string>();
  const open = starts.map((node) => formatEnd({ node: node.id, port: 'dataset' }));
  while (open.length > 0) {
    const from = open.pop() as string;
    if (seen.has(from)) continue;
    seen.add(from);
    for (const edge of (document.edges ?? []).filter((each) => each.from === from)) {
      const to = parseEnd(edge.to);
      const input = ports.get(to.node)?.inputs.find(({ name }) => name === to.port);
      if (input?.kinds.length === 1) kinds.add(input.kinds[0] as string);
      if (input?.kinds.length !== 0) continue;
      for (const output of ports.get(to.node)?.outputs ?? []) {
        if (output.type === 'dataset') open.push(formatEnd({ node: to.node, port: output.name }));
      }
    }
  }
  return kinds.size === 1 ? ([...kinds][0] as string) : '';
}

/** A pipeline of one's own: the given values become the defaults of its parameters. */
export function withDefaults(document: PipelineDocument, values: Record<string, unknown>): PipelineDocument {
  const parameters = Object.fromEntries(
    Object.entries(document.parameters ?? {}).map(([name, schema]) => [
      name,
      name in values ? { ...schema, default: values[name] } : schema,
    ]),
  );
  return { ...document, parameters };
}
