import { useEffect, useMemo, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { useFormat } from '@/i18n/format';
import { aligned, type Series, seriesColour, smoothed } from './series';

interface ChartProps {
  label: string;
  names: string[];
  /** Which colour each curve has; by its place where not given. */
  colours?: number[];
  series: Series[];
  smoothing: number;
  isLog: boolean;
  /** The steps are seconds since 1970. */
  isTime?: boolean;
  /** The least that the upper end of the scale is, as 1 for shares; it then begins at 0. */
  top?: number;
  height?: number;
  /** How values are written at the axis. */
  format?: (value: number) => string;
  /** Asks for the points of a range of steps; null for all. */
  onZoom?: (range: [number, number] | null) => void;
}

const HEIGHT = 190;
/** Times of the day, and dates where days go by: written the same in every language. */
const TIMES: uPlot.Axis.DynamicValues = (_, splits, __, ___, incr) =>
  splits.map((split) => {
    const at = new Date(split * 1000);
    const two = (part: number) => String(part).padStart(2, '0');
    if (incr >= 86_400) return `${two(at.getMonth() + 1)}-${two(at.getDate())}`;
    return `${two(at.getHours())}:${two(at.getMinutes())}${incr < 60 ? `:${two(at.getSeconds())}` : ''}`;
  });
/** Steps are counted: the axis has no fractions of them. */
const WHOLE_STEPS = Array.from({ length: 12 }, (_, power) =>
  [1, 2, 5].map((digit) => digit * 10 ** power),
).flat();

/** Curves over steps. Drag to zoom in, double-click to see all. Colours follow the theme. */
export function Chart({
  label,
  names,
  colours,
  series,
  smoothing,
  isLog,
  isTime = false,
  top,
  height = HEIGHT,
  format,
  onZoom,
}: ChartProps) {
  const frame = useRef<HTMLDivElement>(null);
  const isDark = useIsDark();
  const { metric } = useFormat();
  const write = useRef(format ?? metric);
  write.current = format ?? metric;
  const key = names.map((name, index) => `${colours?.[index] ?? index} ${name}`).join('\n');
  const data = useMemo(() => {
    const smooth = series.map(({ steps, values }) => ({ steps, values: smoothed(values, smoothing) }));
    return aligned(smooth) as uPlot.AlignedData;
  }, [series, smoothing]);
  const plot = useRef<uPlot | null>(null);
  const zoom = useRef(onZoom);
  zoom.current = onZoom;
  const newest = useRef(data);
  newest.current = data;

  useEffect(() => {
    const box = frame.current;
    if (!box) return undefined;
    let isGone = false;
    const draw = () => {
      if (isGone) return;
      const css = getComputedStyle(document.documentElement);
      const grid = { stroke: css.getPropertyValue('--line'), width: 1 };
      const axis = {
        stroke: css.getPropertyValue('--fg-3'),
        grid,
        ticks: { show: false },
        font: '11px "Inter Variable", sans-serif',
      };
      plot.current = new uPlot(
        {
          width: Math.max(200, box.clientWidth),
          height,
          padding: [8, 16, 0, 0],
          scales: {
            x: { time: isTime },
            y: {
              distr: isLog ? 3 : 1,
              ...(top !== undefined && { range: (_, __, most: number) => [0, Math.max(top, most ?? 0)] }),
            },
          },
          legend: { show: false },
          cursor: { drag: { x: true, y: false }, points: { size: 6 }, sync: { key: 'kpl-metrics' } },
          axes: [
            { ...axis, space: 64, size: 28, ...(isTime ? { values: TIMES } : { incrs: WHOLE_STEPS }) },
            {
              ...axis,
              size: 56,
              values: (_, splits) => splits.map((split) => (split === null ? '' : write.current(split))),
            },
          ],
          series: [
            {},
            ...key.split('\n').map((curve) => ({
              label: curve.slice(curve.indexOf(' ') + 1),
              stroke: seriesColour(Number.parseInt(curve, 10), isDark),
              width: 1.5,
              spanGaps: true,
              points: { show: (newest.current[0]?.length ?? 0) < 2 },
            })),
          ],
          hooks: {
            setSelect: [
              (self) => {
                const { left, width } = self.select;
                if (width > 4) zoom.current?.([self.posToVal(left, 'x'), self.posToVal(left + width, 'x')]);
              },
            ],
          },
        },
        newest.current,
        box,
      );
      plot.current.over.addEventListener('dblclick', () => zoom.current?.(null));
    };
    // Texts on a canvas keep the font they were drawn in.
    void document.fonts.load('11px "Inter Variable"').then(draw, draw);
    const observer = new ResizeObserver(() => {
      plot.current?.setSize({ width: Math.max(200, box.clientWidth), height });
    });
    observer.observe(box);
    return () => {
      isGone = true;
      observer.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [key, isDark, isLog, isTime, top, height]);

  useEffect(() => plot.current?.setData(data), [data]);
  return <div ref={frame} role="img" aria-label={label} style={{ height }} />;
}

/** Whether the page is dark by now. */
function useIsDark(): boolean {
  const read = () => document.documentElement.dataset.theme === 'dark';
  const [isDark, setDark] = useState(read);
  useEffect(() => {
    const observer = new MutationObserver(() => setDark(document.documentElement.dataset.theme === 'dark'));
    observer.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    return () => observer.disconnect();
  }, []);
  return isDark;
}

/** The colour of a curve, as CSS that follows the theme. */
export function useSeriesColour(): (index: number) => string {
  const isDark = useIsDark();
  return (index) => seriesColour(index, isDark);
}
