import { type RefObject, useEffect, useLayoutEffect, useMemo, useReducer, useRef, useState } from 'react';
import { PagedScroll } from '@/viz/pagedScroll';
import { PAGE_SIZE } from '../model';
import { GridLayout, type PlacedTile } from './gridLayout';
import { Kept } from './kept';
import { RowLayout } from './rowLayout';
import type { SamplePages } from './samplePages';
import { HEADING_HEIGHT, type PlacedHeading, type Section, totalOf } from './sections';

const MARGIN = 400;
const GAP = 4;
/** Faster than this nothing is fetched until the hand rests. */
const FAST_PX_PER_MS = 6;
const REST_MS = 80;

interface GridWindow {
  scroller: RefObject<HTMLElement | null>;
  onScroll: () => void;
  height: number;
  tiles: (PlacedTile & { isInSight: boolean })[];
  headings: PlacedHeading[];
  /** The section at the top of the view whose heading has gone above it, and how far the next one pushes it up. */
  current: { section: Section; offset: number } | null;
}

interface GridOptions {
  /** Of pictures that are not known yet; null for lines below each other. */
  aspect: number | null;
  rowHeight: number;
  selected: number | null;
  /** In which the samples stand below headings; none for a list without. */
  sections?: readonly Section[] | null;
  /** Space above the list that scrolls with it. */
  inset: number;
  /** Names the list: whoever comes back to it finds it where it was left. */
  place: string;
}

/** What stands at the top of a list, and how far above its own top the view begins. */
interface Anchor {
  position: number;
  within: number;
}

/** Of the lists looked at last. */
const ANCHORS = new Kept<Anchor | null>(64);

/** Which places of the grid are in sight, and the fetching of what belongs there. */
export function useGridWindow(
  pages: SamplePages,
  { aspect, rowHeight, selected, sections = null, inset, place }: GridOptions,
): GridWindow {
  const scroller = useRef<HTMLElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const total = sections === null ? (pages.total ?? 0) : totalOf(sections);
  const changes = pages.snapshot();
  const layout = useMemo(
    () =>
      aspect === null
        ? new RowLayout(total, rowHeight, size.width, sections ?? [])
        : new GridLayout(
            total,
            aspect,
            { width: Math.max(100, size.width), rowHeight, gap: GAP },
            (page) => pages.page(page),
            sections,
          ),
    [total, aspect, size.width, rowHeight, pages, sections],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: another set of samples begins at the top
  const scroll = useMemo(() => new PagedScroll(), [pages]);
  const motion = useRef({ at: 0, top: 0, rest: undefined as ReturnType<typeof setTimeout> | undefined });

  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() =>
      setSize({ width: element.clientWidth - 32, height: element.clientHeight }),
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  // A position may be set only when the document has grown to its height: with the drawing after.
  const wanted = useRef<number | null>(null);
  useLayoutEffect(() => {
    if (wanted.current === null || scroller.current === null) return;
    scroller.current.scrollTop = wanted.current;
    wanted.current = null;
  });

  // The picture at the top stays where it is when pages above it turn out higher or lower, or the width changes.
  const anchoredChanges = useRef(-1);
  const anchor = useRef(ANCHORS.get(place) ?? null);
  const anchored = useRef(place);
  useLayoutEffect(() => {
    if (anchored.current === place) return;
    anchored.current = place;
    anchor.current = ANCHORS.get(place) ?? null;
    if (anchor.current === null) wanted.current = 0;
  }, [place]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `changes` says that pages came
  useLayoutEffect(() => {
    layout.refresh();
    scroll.resize(layout.height + 32, size.height);
    const tile = anchor.current && layout.tileOf(anchor.current.position);
    if (tile && anchor.current && scroller.current) {
      const top = tile.top - anchor.current.within;
      if (Math.abs(top - scroll.top) > 0.5) wanted.current = scroll.moveTo(top);
    }
    redraw();
  }, [layout, changes, size.height, scroll]);

  const position = selected === null ? -1 : pages.positionOf(selected);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only another choice moves the view, once there is a list
  useLayoutEffect(() => {
    const tile = position < 0 ? undefined : layout.tileOf(position);
    const element = scroller.current;
    if (!tile || element === null || size.height === 0) return;
    const covered = sections === null ? 0 : HEADING_HEIGHT;
    const isAbove = tile.top < scroll.top + covered;
    const isBelow = tile.top + tile.height + 32 > scroll.top + size.height;
    if (isAbove || isBelow) {
      const top = isAbove ? tile.top - 8 - covered : tile.top + tile.height + 40 - size.height;
      element.scrollTop = scroll.moveTo(
        Math.abs(top - scroll.top) > size.height ? tile.top - size.height / 3 : top,
      );
      redraw();
    }
  }, [position, size.height > 0, total > 0]);

  const tiles = size.width > 0 ? layout.between(scroll.top - MARGIN, scroll.top + size.height + MARGIN) : [];
  const first = tiles.find(({ top, height }) => top + height > scroll.top);
  // Not in the drawing that brings another layout: there the old anchor still has to be put in its new place.
  const drawn = useRef<object | null>(null);
  useLayoutEffect(() => {
    const isSettled = drawn.current === layout && anchoredChanges.current === changes;
    drawn.current = layout;
    anchoredChanges.current = changes;
    if (!isSettled || first === undefined) return;
    anchor.current = scroll.top > 0 ? { position: first.position, within: first.top - scroll.top } : null;
    ANCHORS.keep(place, anchor.current);
  });

  const from = Math.floor((tiles[0]?.position ?? 0) / PAGE_SIZE);
  const to = Math.floor((tiles.at(-1)?.position ?? 0) / PAGE_SIZE);
  useEffect(() => {
    const state = motion.current;
    const fetch = () => {
      for (let page = from; page <= to; page += 1) void pages.load(page);
      pages.keepNear(from);
    };
    clearTimeout(state.rest);
    const now = performance.now();
    const speed = Math.abs(scroll.top - state.top) / Math.max(1, now - state.at);
    motion.current = { at: now, top: scroll.top, rest: undefined };
    if (speed < FAST_PX_PER_MS) fetch();
    else motion.current.rest = setTimeout(fetch, REST_MS);
    return undefined;
  }, [from, to, pages, scroll]);

  const onScroll = () => {
    const element = scroller.current;
    if (element === null) return;
    scroll.scrolled(element.scrollTop);
    const end = scroll.realHeight - size.height;
    const isEarlyEnd = scroll.isPaged && (element.scrollTop <= 0 || element.scrollTop >= end - 1);
    if (isEarlyEnd && Math.abs(scroll.settled - element.scrollTop) > 1)
      element.scrollTop = scroll.moveTo(scroll.top);
    redraw();
  };
  const headings =
    sections === null || size.width === 0
      ? []
      : layout.headingsBetween(scroll.top - inset, scroll.top + size.height);
  const placed = tiles.map((tile) => ({
    ...tile,
    top: scroll.isPaged ? scroll.place(tile.top) : tile.top,
    isInSight: tile.top + tile.height > scroll.top && tile.top < scroll.top + size.height,
  }));
  return {
    scroller,
    onScroll,
    height: Math.max(0, scroll.realHeight - 32),
    tiles: placed,
    headings: headings.map(({ section, top }) => ({
      section,
      top: scroll.isPaged ? scroll.place(top) : top,
    })),
    current: currentOf(headings, scroll.top - inset),
  };
}

/** The heading that has to stay at the top of a view, as the samples below it are its own. */
function currentOf(headings: readonly PlacedHeading[], top: number): GridWindow['current'] {
  const [first, next] = headings;
  if (first === undefined || first.top >= top) return null;
  const room = next === undefined ? HEADING_HEIGHT : next.top - top;
  return { section: first.section, offset: Math.min(0, room - HEADING_HEIGHT) };
}
