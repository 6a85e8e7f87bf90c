import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { sampleImageUrl, sampleMaskUrl } from '@/api/thumbnails';
import { useTold } from '@/ui/told';
import { loadLabelMap } from '@/viz/labelMaps';
import { penOf, screenDensity } from '@/viz/overlay';
import { classColour, ON_CLASS_COLOUR } from '@/viz/palette';
import type { LabelMap } from '@/viz/tint';
import type { Box, DatasetVersion, Sample } from '../api';
import { isTiny } from '../model';
import { describeSample } from '../sample';
import { type Focus, isLit, outlinePath, type Source } from './focus';
import { paintMask } from './PaintedOverlay';
import { Picture } from './Picture';

export interface DetailPictureProps {
  project: string;
  version: DatasetVersion;
  sample: Sample;
  /** Whose objects these are. */
  source: Source;
  boxes: Box[];
  /** The mask of classes, once it came. */
  map: LabelMap | null;
  showsBoxes: boolean;
  showsMasks: boolean;
  showsLandmarks: boolean;
  opacity: number;
  hidden: readonly number[];
  focus: Focus | null;
  onFocus: (focus: Focus | null) => void;
}

/** The image itself with what is known of it; what is pointed at stands out. */
export function DetailPicture(props: DetailPictureProps) {
  const { project, version, sample, source, boxes, map, showsBoxes, showsMasks, showsLandmarks } = props;
  const width = sample.width ?? 4;
  const height = sample.height ?? 3;
  const [isBroken, setBroken] = useState(false);
  const line = width / 324;
  return (
    <div
      style={{ aspectRatio: `${width} / ${height}` }}
      className="relative max-h-[420px] min-h-24 w-full overflow-hidden rounded-md bg-sunken"
    >
      <Picture
        src={sampleImageUrl(project, version, sample.row, 'full')}
        fallback={sampleImageUrl(project, version, sample.row, 400)}
        alt={describeSample(sample)}
        isPixelated={isTiny(sample.width)}
        fit="contain"
        onBroken={() => setBroken(true)}
      />
      {map !== null && showsMasks && !isBroken && <TintedMask {...props} map={map} />}
      {!isBroken && (
        <svg
          aria-hidden
          viewBox={`0 0 ${width} ${height}`}
          style={{ opacity: props.opacity }}
          className="absolute inset-0 size-full"
        >
          {boxes.map((box, index) => (
            <ObjectShape
              // biome-ignore lint/suspicious/noArrayIndexKey: boxes have no other name, and never change
              key={index}
              {...props}
              box={box}
              index={index}
              line={line}
              hasBox={showsBoxes}
              hasOutline={showsMasks && box.outline != null}
            />
          ))}
          {showsLandmarks &&
            boxes.map((box, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: as above
              <g key={index} opacity={isLit(props.focus, { source, index, box }) ? 1 : 0.3}>
                {(box.landmarks ?? []).map(
                  (point, which) =>
                    point && (
                      <circle
                        // biome-ignore lint/suspicious/noArrayIndexKey: marks have an order and no name
                        key={which}
                        cx={point[0]}
                        cy={point[1]}
                        r={line * 2.5}
                        fill={classColour(box.class_id)}
                        stroke={ON_CLASS_COLOUR}
                        strokeWidth={line}
                      />
                    ),
                )}
              </g>
            ))}
        </svg>
      )}
    </div>
  );
}

interface ObjectShapeProps extends DetailPictureProps {
  box: Box;
  index: number;
  line: number;
  hasBox: boolean;
  hasOutline: boolean;
}

function ObjectShape({ box, index, line, source, focus, onFocus, hasBox, hasOutline }: ObjectShapeProps) {
  const isAlone = focus !== null && isLit(focus, { source, index, box });
  const style = {
    stroke: classColour(box.class_id),
    fill: classColour(box.class_id),
    strokeWidth: line * (isAlone ? 2.5 : 1.5),
    strokeDasharray: source === 'predictions' ? `${line * 5} ${line * 3}` : undefined,
    opacity: focus === null || isAlone ? 1 : 0.3,
    onMouseEnter: () => onFocus({ source, index }),
    onMouseLeave: () => onFocus(null),
  };
  return (
    <>
      {hasOutline && (
        <path
          d={outlinePath(box.outline ?? [])}
          fillRule="evenodd"
          fillOpacity={isAlone ? 0.6 : 0.4}
          {...style}
        />
      )}
      {hasBox && (
        <rect
          x={box.x0}
          y={box.y0}
          width={box.x1 - box.x0}
          height={box.y1 - box.y0}
          fillOpacity={hasOutline ? 0 : isAlone ? 0.4 : 0.12}
          {...style}
        />
      )}
    </>
  );
}

function TintedMask(props: DetailPictureProps & { map: LabelMap }) {
  const { sample, map, source, focus, opacity, hidden } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const only = focus?.classId ?? null;
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return undefined;
    const paint = () => {
      const { clientWidth: width, clientHeight: height } = element;
      const view = {
        width,
        height,
        imageWidth: sample.width ?? map.width,
        imageHeight: sample.height ?? map.height,
        fit: 'contain' as const,
      };
      const made = penOf(element, view);
      if (made === null) return;
      const style = { layer: '', isPredicted: source === 'predictions', density: made.density, only, hidden };
      paintMask(made.pen, map, view, style);
    };
    const observer = new ResizeObserver(paint);
    observer.observe(element);
    return () => observer.disconnect();
  }, [sample, map, source, only, hidden]);
  return <canvas ref={canvas} aria-hidden style={{ opacity }} className="absolute inset-0 size-full" />;
}

/** The mask of classes in a layer; null while it comes, or where there is none. */
export function useLabelMap(
  project: string,
  { name, version }: { name: string; version: number },
  row: number,
  layer: string | null,
): { map: LabelMap | null; error: string } {
  const { t } = useTranslation('datasets');
  const told = useTold();
  const [state, setState] = useState<{ map: LabelMap | null; error: string }>({ map: null, error: '' });
  useEffect(() => {
    setState({ map: null, error: '' });
    if (layer === null) return undefined;
    let isGone = false;
    const size = screenDensity() > 1 ? 1200 : 400;
    loadLabelMap(sampleMaskUrl(project, { name, version }, row, { layer, size })).then(
      (map) => !isGone && setState({ map, error: '' }),
      (error: unknown) => !isGone && setState({ map: null, error: told(error) || t('unreadable') }),
    );
    return () => {
      isGone = true;
    };
  }, [project, name, version, row, layer, t, told]);
  return state;
}
