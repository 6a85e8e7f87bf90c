import { expect, test } from 'vitest';
import { PagedScroll } from './pagedScroll';

test('an ordinary height scrolls as it is', () => {
  const scroll = new PagedScroll();
  scroll.resize(5000, 800);
  scroll.scrolled(1200);
  expect(scroll.top).toBe(1200);
  expect(scroll.realHeight).toBe(5000);
  expect(scroll.place(1500)).toBe(1500);
});

test('beyond what browsers hold, steps stay steps and jumps reach any place', () => {
  const scroll = new PagedScroll();
  scroll.resize(40_000_000, 800);
  expect(scroll.realHeight).toBe(8_000_000);
  scroll.scrolled(300);
  expect(scroll.top).toBe(300);
  scroll.scrolled(8_000_000 - 800);
  expect(scroll.top).toBe(40_000_000 - 800);
  scroll.scrolled(4_000_000 - 400);
  expect(scroll.top).toBeCloseTo(20_000_000 - 400, -1);
});

test('a place shown is where the element has scrolled to', () => {
  const scroll = new PagedScroll();
  scroll.resize(40_000_000, 800);
  const scrollTop = scroll.moveTo(20_000_000);
  expect(scroll.place(20_000_100)).toBe(scrollTop + 100);
  scroll.scrolled(scrollTop + 50);
  expect(scroll.top).toBe(20_000_050);
});
