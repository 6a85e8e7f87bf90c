/** Ports of nodes, and whether an edge may join two of them. The server decides; this says so while one draws. */

import { neverRun } from './conditions';
import type { DocumentNode, PipelineDocument } from './document';
import { formatEnd, parseEnd, resolved, splitVersion } from './document';
import type { Schema as AnySchema } from './schema';

/** `any` is the input by which a condition is told whose metric it compares, `branch` what it decides. */
export type PortType = 'dataset' | 'model' | 'files' | 'endpoint' | 'any' | 'branch';

export interface Port {
  name: string;
  type: string;
  kinds: string[];
  isOptional: boolean;
}

export interface NodePorts {
  inputs: Port[];
  outputs: Port[];
}

export interface PromisedMetric {
  name: string;
  /** `max` or `min`. */
  direction: string;
  isPrimary: boolean;
}

/** What one function of an installed algorithm takes and gives. */
export interface FunctionInterface {
  name: string;
  inputs: Port[];
  outputs: Port[];
  parameters: AnySchema;
  /** What it promises to measure. */
  metrics?: PromisedMetric[];
  /** False where the algorithm is not one to build pipelines from. */
  isOffered?: boolean;
}

/** All that a document can be built from. */
export interface Catalog {
  /** Functions by `algorithm/function`, of the newest version. */
  functions: ReadonlyMap<string, FunctionInterface>;
  /** Kind of each dataset, by name. */
  datasets: ReadonlyMap<string, string>;
  /** Task of each model, by name. */
  models: ReadonlyMap<string, string>;
}

export const EMPTY_CATALOG: Catalog = { functions: new Map(), datasets: new Map(), models: new Map() };

const NO_PORTS: NodePorts = { inputs: [], outputs: [] };

function plainPort(name: string, type: PortType): Port {
  return { name, type, kinds: [], isOptional: false };
}

export const CONDITION_PORTS: NodePorts = {
  inputs: [plainPort('measured', 'any')],
  outputs: [plainPort('then', 'branch'), plainPort('otherwise', 'branch')],
};

export function functionOf(node: DocumentNode, catalog: Catalog): FunctionInterface | undefined {
  if (node.type !== 'algorithm') return undefined;
  return catalog.functions.get(`${splitVersion(node.algorithm ?? '').name}/${node.function ?? ''}`);
}

/** The ports of a node by itself, before anything is linked. */
export function portsOf(
  node: DocumentNode,
  catalog: Catalog,
  document: PipelineDocument,
  given: Record<string, unknown> = {},
): NodePorts {
  if (node.type === 'algorithm') return functionOf(node, catalog) ?? NO_PORTS;
  if (node.type === 'condition') return CONDITION_PORTS;
  const isDataset = node.type === 'dataset';
  const reference = String(
    resolved(isDataset ? node.dataset : node.model, document.parameters ?? {}, given) ?? '',
  );
  const kind = (isDataset ? catalog.datasets : catalog.models).get(splitVersion(reference).name);
  const port = { name: node.type, type: node.type, kinds: kind ? [kind] : [], isOptional: false };
  return { inputs: [], outputs: [port] };
}

/**
 * The ports of all nodes, where outputs that state no kind have the kind that comes in. Ports that edges name but that
 * the catalog does not know (an algorithm is not installed) are drawn as of the type that their name says.
 */
export function allPorts(
  document: PipelineDocument,
  catalog: Catalog,
  given: Record<string, unknown> = {},
): Map<string, NodePorts> {
  const own = new Map(
    (document.nodes ?? []).map((node) => [node.id, portsOf(node, catalog, document, given)]),
  );
  const links = new Map<string, { node: string; port: string }>();
  for (const edge of document.edges ?? []) {
    const [from, to] = [parseEnd(edge.from), parseEnd(edge.to)];
    if (from.port && to.port) links.set(edge.to, from);
    withNamed(own, from.node, 'outputs', from.port);
    withNamed(own, to.node, 'inputs', to.port);
  }
  const done = new Map<string, NodePorts>();
  const visiting = new Set<string>();
  const resolve = (id: string): NodePorts => {
    const ready = done.get(id);
    if (ready) return ready;
    const ports = own.get(id) ?? NO_PORTS;
    if (visiting.has(id)) return ports;
    visiting.add(id);
    const outputs = ports.outputs.map((port) => {
      if (port.kinds.length > 0) return port;
      const alike = ports.inputs.filter((input) => input.type === port.type);
      const only = alike.length === 1 ? alike[0] : undefined;
      if (!only) return port;
      const source = links.get(formatEnd({ node: id, port: only.name }));
      const found = source && resolve(source.node).outputs.find((output) => output.name === source.port);
      return { ...port, kinds: found && found.kinds.length > 0 ? found.kinds : only.kinds };
    });
    visiting.delete(id);
    const result = { inputs: ports.inputs, outputs };
    done.set(id, result);
    return result;
  };
  for (const id of own.keys()) resolve(id);
  return done;
}

function withNamed(own: Map<string, NodePorts>, node: string, side: keyof NodePorts, name: string): void {
  const ports = own.get(node);
  if (!ports || !name || ports[side].some((port) => port.name === name)) return;
  const type = ['dataset', 'model', 'endpoint'].includes(name) ? name : 'files';
  const port = { name, type, kinds: [], isOptional: false };
  own.set(node, { ...ports, [side]: [...ports[side], port] });
}

/** Why two ports cannot be linked: a word for the catalogue of texts, and what it is about. */
export interface Refusal {
  code:
    | 'self'
    | 'unknown'
    | 'endpoint'
    | 'type'
    | 'kind'
    | 'taken'
    | 'cycle'
    | 'exists'
    | 'data-order'
    | 'branch'
    | 'data-branch'
    | 'no-metric'
    | 'both-branches';
  given: string;
  wanted: string;
}

function refusal(code: Refusal['code'], given = '', wanted = ''): Refusal {
  return { code, given, wanted };
}

/** Say why an output may not be linked to an input, going by their types alone; null when it may. */
export function portRefusal(source: Port, target: Port): Refusal | null {
  if (source.type === 'endpoint') return refusal('endpoint');
  if (source.type === 'branch') return refusal('branch');
  if (target.type === 'any') return null;
  if (source.type !== target.type) return refusal('type', source.type, target.type);
  const meet = source.kinds.some((kind) => target.kinds.includes(kind));
  if (source.kinds.length > 0 && target.kinds.length > 0 && !meet) {
    return refusal('kind', source.kinds.join('/'), target.kinds.join('/'));
  }
  return null;
}

/** Say why an edge from `from` to `to` cannot be drawn in the document; null when it can. */
export function linkRefusal(
  document: PipelineDocument,
  ports: ReadonlyMap<string, NodePorts>,
  from: string,
  to: string,
): Refusal | null {
  const [source, target] = [parseEnd(from), parseEnd(to)];
  const edges = document.edges ?? [];
  if (source.node === target.node) return refusal('self');
  if (edges.some((edge) => edge.from === from && edge.to === to)) return refusal('exists');
  if (reaches(document, target.node, source.node)) return refusal('cycle');
  return joinRefusal(document, ports, from, to) ?? branchesRefusal(document, from, to);
}

function joinRefusal(
  document: PipelineDocument,
  ports: ReadonlyMap<string, NodePorts>,
  from: string,
  to: string,
): Refusal | null {
  const [source, target] = [parseEnd(from), parseEnd(to)];
  const edges = document.edges ?? [];
  if (!source.port && !target.port) return orderRefusal(document, source.node, target.node);
  const output = ports.get(source.node)?.outputs.find((port) => port.name === source.port);
  if (output?.type === 'branch' && !target.port)
    return isData(document, target.node) ? refusal('data-branch') : null;
  const input = ports.get(target.node)?.inputs.find((port) => port.name === target.port);
  if (!output || !input) return refusal('unknown');
  const byType = portRefusal(output, input);
  if (byType) return byType;
  if (input.type === 'any' && isData(document, source.node)) return refusal('no-metric');
  const taken = edges.find((edge) => edge.to === to);
  return taken ? refusal('taken', taken.from) : null;
}

function orderRefusal(document: PipelineDocument, source: string, target: string): Refusal | null {
  return isData(document, source) || isData(document, target) ? refusal('data-order') : null;
}

/** With the edge, a step would stand behind both branches of a condition that does not yet. */
function branchesRefusal(document: PipelineDocument, from: string, to: string): Refusal | null {
  if (!(document.nodes ?? []).some(({ type }) => type === 'condition')) return null;
  const before = neverRun(document);
  const after = neverRun({ ...document, edges: [...(document.edges ?? []), { from, to }] });
  const [torn] = [...after].filter(([id]) => !before.has(id));
  return torn ? refusal('both-branches', torn[1], torn[0]) : null;
}

function isData(document: PipelineDocument, id: string): boolean {
  const type = (document.nodes ?? []).find((node) => node.id === id)?.type;
  return type !== 'algorithm' && type !== 'condition';
}

/** Whether edges lead from one node to another. */
export function reaches(document: PipelineDocument, from: string, to: string): boolean {
  const next = new Map<string, string[]>();
  for (const edge of document.edges ?? []) {
    const source = parseEnd(edge.from).node;
    next.set(source, [...(next.get(source) ?? []), parseEnd(edge.to).node]);
  }
  const seen = new Set<string>();
  const open = [from];
  while (open.length > 0) {
    const id = open.pop() as string;
    if (id === to) return true;
    if (seen.has(id)) continue;
    seen.add(id);
    open.push(...(next.get(id) ?? []));
  }
  return false;
}

/** What could be added beside a port, and the port of it that would be joined. */
export interface Fit {
  node: Omit<DocumentNode, 'id'>;
  port: string;
}

/** What could take an output of a node, or stand behind a branch; a condition only judges what runs. */
export function fitting(source: Port, catalog: Catalog, of: DocumentNode): Fit[] {
  const condition: Fit = { node: { type: 'condition' }, port: 'measured' };
  if (source.type === 'branch')
    return [...fittingFunctions(catalog, () => STEP), { ...condition, port: STEP.name }];
  const functions = fittingFunctions(catalog, ({ inputs }) =>
    inputs.find((port) => portRefusal(source, port) === null),
  );
  const isJudged = of.type === 'algorithm' && source.type !== 'endpoint';
  return isJudged ? [...functions, condition] : functions;
}

/** The step itself, where an edge joins no port of it. */
const STEP = plainPort('', 'branch');

/** What could feed an input: data and models of the project first, then steps that make such. */
export function fittingSources(target: Port, catalog: Catalog): Fit[] {
  if (target.type === 'any')
    return fittingFunctions(catalog, ({ outputs, metrics }) =>
      metrics?.length ? outputs.find((port) => portRefusal(port, target) === null) : undefined,
    );
  const assets = (['dataset', 'model'] as const).flatMap((type) =>
    [...(type === 'dataset' ? catalog.datasets : catalog.models)]
      .filter(
        ([, kind]) => portRefusal({ name: type, type, kinds: [kind], isOptional: false }, target) === null,
      )
      .map(([name]): Fit => ({ node: { type, [type]: name }, port: type })),
  );
  const steps = fittingFunctions(catalog, ({ outputs }) =>
    outputs.find((port) => portRefusal(port, target) === null),
  );
  return [...assets, ...steps];
}

function fittingFunctions(catalog: Catalog, portOf: (found: FunctionInterface) => Port | undefined): Fit[] {
  return [...catalog.functions].flatMap(([key, found]) => {
    const port = found.isOffered === false ? undefined : portOf(found);
    const algorithm = key.slice(0, key.lastIndexOf('/'));
    return port ? [{ node: { type: 'algorithm', algorithm, function: found.name }, port: port.name }] : [];
  });
}

/** The outputs that may feed an input, the one that does now among them, in the order of the nodes. */
export function sourcesOf(
  document: PipelineDocument,
  ports: ReadonlyMap<string, NodePorts>,
  to: string,
): string[] {
  const free = { ...document, edges: (document.edges ?? []).filter((edge) => edge.to !== to) };
  return [...ports].flatMap(([node, { outputs }]) =>
    outputs
      .map(({ name }) => formatEnd({ node, port: name }))
      .filter((from) => linkRefusal(free, ports, from, to) === null),
  );
}

/** The ends that an edge begun at a handle (`out:dataset`, `in:model`) may go to, as `node|handle`, its own included. */
export function linkTargets(
  document: PipelineDocument,
  ports: ReadonlyMap<string, NodePorts>,
  from: { node: string; handle: string },
): ReadonlySet<string> {
  const isForward = from.handle.startsWith('out:');
  const own = formatEnd({ node: from.node, port: from.handle.replace(/^(in|out):/, '') });
  const isOrder = own === from.node;
  const isBranch = (port: Port) => port.type === 'branch';
  const ownPort = ports.get(from.node)?.outputs.find(({ name }) => `out:${name}` === from.handle);
  const fits = new Set<string>([`${from.node}|${from.handle}`]);
  for (const [id, { inputs, outputs }] of ports) {
    const branches = isForward ? [] : outputs.filter(isBranch).map(({ name }) => name);
    const names =
      isOrder || (ownPort && isBranch(ownPort))
        ? ['', ...branches]
        : (isForward ? inputs : outputs).map(({ name }) => name);
    for (const name of names) {
      const other = formatEnd({ node: id, port: name });
      const [source, target] = isForward ? [own, other] : [other, own];
      if (!linkRefusal(document, ports, source, target))
        fits.add(`${id}|${isForward ? 'in' : 'out'}:${name}`);
    }
  }
  return fits;
}
