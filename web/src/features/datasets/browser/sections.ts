/** A run of samples that stand together in a list, as those of a split or a class. */
export interface Section {
  /** The split or class; null for samples without one. */
  id: string | null;
  classId: number | null;
  /** Its first place in the list. */
  start: number;
  count: number;
}

/** Where the heading of a section stands, from the top of the list. */
export interface PlacedHeading {
  section: Section;
  top: number;
}

export const HEADING_HEIGHT = 40;

/** Sections with their places, of what the server counted in the order of the list. */
export function sectionsOf(
  items: readonly { id: string | null; class_id: number | null; count: number }[],
): Section[] {
  let start = 0;
  return items.map(({ id, class_id, count }) => {
    const section = { id, classId: class_id, start, count };
    start += count;
    return section;
  });
}

/** How many samples all of them have. */
export function totalOf(sections: readonly Section[]): number {
  const last = sections.at(-1);
  return last === undefined ? 0 : last.start + last.count;
}

/** The last of rising numbers that is not above `wanted`; 0 where all are. */
export function lastAtMost(numbers: ArrayLike<number>, wanted: number): number {
  let low = 0;
  let high = numbers.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((numbers[middle] as number) <= wanted) low = middle;
    else high = middle - 1;
  }
  return low;
}
