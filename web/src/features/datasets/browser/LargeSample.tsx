import { sampleImageUrl } from '@/api/thumbnails';
import { classColour } from '@/viz/palette';
import type { DatasetVersion, Sample } from '../api';
import { isTiny } from '../model';
import { describeSample } from '../sample';

interface LargeSampleProps {
  project: string;
  version: DatasetVersion;
  sample: Sample;
  hovered: number | null;
  onHover: (index: number | null) => void;
}

/** The image itself with its boxes; the one pointed at stands out. */
export function LargeSample({ project, version, sample, hovered, onHover }: LargeSampleProps) {
  const width = sample.width ?? 4;
  const height = sample.height ?? 3;
  const line = width / 324;
  return (
    <div
      style={{ aspectRatio: `${width} / ${height}` }}
      className="relative max-h-[420px] overflow-hidden rounded-md bg-sunken"
    >
      <img
        src={sampleImageUrl(project, version, sample.row, 'full')}
        alt={describeSample(sample)}
        style={isTiny(sample.width) ? { imageRendering: 'pixelated' } : undefined}
        className="size-full object-contain"
      />
      <svg aria-hidden viewBox={`0 0 ${width} ${height}`} className="absolute inset-0 size-full">
        {sample.boxes.map((box, index) => {
          const isHovered = hovered === index;
          return (
            // biome-ignore lint/a11y/noStaticElementInteractions: pointing only highlights; the list says the same
            <rect
              // biome-ignore lint/suspicious/noArrayIndexKey: boxes have no other name, and never change
              key={index}
              x={box.x0}
              y={box.y0}
              width={box.x1 - box.x0}
              height={box.y1 - box.y0}
              stroke={classColour(box.class_id)}
              fill={classColour(box.class_id)}
              fillOpacity={isHovered ? 0.4 : 0.12}
              strokeWidth={line * (isHovered ? 2.5 : 1.5)}
              opacity={hovered === null || isHovered ? 1 : 0.35}
              onMouseEnter={() => onHover(index)}
              onMouseLeave={() => onHover(null)}
            />
          );
        })}
      </svg>
    </div>
  );
}
