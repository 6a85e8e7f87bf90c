/** Where nodes stand: sizes that follow from ports, and a place for nodes that have none. */

import { use } from 'react';
import type { PipelineDocument, Position } from './document';
import type { NodePorts } from './ports';

/** Places all nodes anew, from left to right by what feeds what. */
export type Arrange = (
  document: PipelineDocument,
  ports: ReadonlyMap<string, NodePorts>,
) => Record<string, Position>;

let arriving: Promise<Arrange> | undefined;

/** What places nodes: fetched when it is first needed, as most pipelines say where their nodes stand. */
export function loadArrange(): Promise<Arrange> {
  arriving ??= import('./arrange').then(({ arrange }) => arrange);
  return arriving;
}

/** What `placed` needs for a document: suspends until it is there, null where every node has its place. */
export function useArrange(document: PipelineDocument): Arrange | null {
  return hasPlaces(document) ? null : use(loadArrange());
}

export const NODE_WIDTH = 220;
export const HEADER_HEIGHT = 48;
export const PORT_HEIGHT = 24;
export const PORTS_PADDING = 12;
export const FOOTER_HEIGHT = 28;
/** The smallest zoom that the canvas chooses by itself: below, text is no longer read. */
export const LEAST_ZOOM = 0.8;

export function nodeHeight(ports: NodePorts | undefined): number {
  const rows = Math.max(ports?.inputs.length ?? 0, ports?.outputs.length ?? 0, 1);
  return HEADER_HEIGHT + rows * PORT_HEIGHT + PORTS_PADDING + FOOTER_HEIGHT;
}

export function hasPlaces({ nodes, layout }: PipelineDocument): boolean {
  return (nodes ?? []).every(({ id }) => layout?.[id]);
}

/** The document's layout, with a computed place for every node that has none. */
export function placed(
  document: PipelineDocument,
  ports: ReadonlyMap<string, NodePorts>,
  arrange: Arrange | null,
): Record<string, Position> {
  const nodes = document.nodes ?? [];
  const known = new Set(nodes.map((node) => node.id));
  const layout = Object.fromEntries(Object.entries(document.layout ?? {}).filter(([id]) => known.has(id)));
  if (hasPlaces(document)) return layout;
  if (!arrange) throw new Error('nodes without a place need something that places them');
  const automatic = arrange(document, ports);
  if (Object.keys(layout).length === 0) return automatic;
  const bottom = Math.max(...Object.entries(layout).map(([id, at]) => at.y + nodeHeight(ports.get(id))));
  return Object.fromEntries(
    nodes.map((node) => {
      const auto = automatic[node.id] ?? { x: 0, y: 0 };
      return [node.id, layout[node.id] ?? { x: auto.x, y: auto.y + bottom + 48 }];
    }),
  );
}

export function onGrid(value: number, step = 8): number {
  return Math.round(value / step) * step + 0;
}

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export function bounds(layout: Record<string, Position>, ports: ReadonlyMap<string, NodePorts>): Box {
  const places = Object.entries(layout);
  if (places.length === 0) return { x: 0, y: 0, width: 0, height: 0 };
  const x = Math.min(...places.map(([, at]) => at.x));
  const y = Math.min(...places.map(([, at]) => at.y));
  const right = Math.max(...places.map(([, at]) => at.x + NODE_WIDTH));
  const bottom = Math.max(...places.map(([id, at]) => at.y + nodeHeight(ports.get(id))));
  return { x, y, width: right - x, height: bottom - y };
}

/** The view moved so that a box is in sight, zoomed out where need be and legible; null where the box is in sight. */
export function viewWith(
  view: { x: number; y: number; zoom: number },
  box: Box,
  canvas: { width: number; height: number },
  padding = 40,
): { x: number; y: number; zoom: number } | null {
  const isIn = (from: number, length: number, offset: number, size: number) =>
    from * view.zoom + offset >= 0 && (from + length) * view.zoom + offset <= size;
  if (isIn(box.x, box.width, view.x, canvas.width) && isIn(box.y, box.height, view.y, canvas.height))
    return null;
  const whole = firstView(box, canvas.width, canvas.height, padding);
  const zoom = Math.min(view.zoom, whole.zoom);
  return zoom === whole.zoom
    ? whole
    : {
        zoom,
        x: canvas.width / 2 - (box.x + box.width / 2) * zoom,
        y: canvas.height / 2 - (box.y + box.height / 2) * zoom,
      };
}

/** The first view of a canvas: all when that stays readable, else the beginning at the least readable zoom. */
export function firstView(
  box: Box,
  width: number,
  height: number,
  padding = 40,
): { x: number; y: number; zoom: number } {
  if (box.width === 0 || width <= 0 || height <= 0) return { x: padding, y: padding, zoom: 1 };
  const fits = Math.min((width - 2 * padding) / box.width, (height - 2 * padding) / box.height);
  const zoom = Math.min(1, Math.max(LEAST_ZOOM, fits));
  const fitsWide = box.width * zoom <= width - 2 * padding;
  const fitsHigh = box.height * zoom <= height - 2 * padding;
  return {
    x: fitsWide ? (width - box.width * zoom) / 2 - box.x * zoom : padding - box.x * zoom,
    y: fitsHigh ? (height - box.height * zoom) / 2 - box.y * zoom : padding - box.y * zoom,
    zoom,
  };
}
