import {
  Box,
  FileStack,
  FlaskConical,
  GraduationCap,
  Images,
  Layers,
  type LucideIcon,
  Package,
  Radio,
  SlidersHorizontal,
  Split,
} from 'lucide-react';
import { functionColour, nodeColour, tint } from './colours';
import type { DocumentNode } from './document';

const ICONS: Record<string, LucideIcon> = {
  dataset: Images,
  model: Box,
  files: FileStack,
  process: SlidersHorizontal,
  train: GraduationCap,
  test: FlaskConical,
  infer: Layers,
  compile: Package,
  serve: Radio,
  condition: Split,
};

export function iconOf(word: string): LucideIcon {
  return ICONS[word] ?? FileStack;
}

/** The tinted square with the icon of what a node is. */
export function NodeIcon({
  node,
  size = 28,
}: {
  node: Pick<DocumentNode, 'type' | 'function'>;
  size?: number;
}) {
  const Icon = iconOf(node.type === 'algorithm' ? (node.function ?? '') : node.type);
  const colour = nodeColour(node);
  return (
    <span
      aria-hidden
      className="grid shrink-0 place-items-center rounded-md"
      style={{ width: size, height: size, color: colour, backgroundColor: tint(colour) }}
    >
      <Icon size={Math.round(size * 0.57)} />
    </span>
  );
}

/** The icon of a function on its colour, with its word beside it unless there is no room. */
export function FunctionChip({ name, label }: { name: string; label: string }) {
  const Icon = iconOf(name);
  const colour = functionColour(name);
  return (
    <span
      className="inline-flex h-6 items-center gap-1 rounded-sm px-1.5 text-12 font-medium whitespace-nowrap"
      style={{ color: colour, backgroundColor: tint(colour) }}
    >
      <Icon aria-hidden size={13} />
      {label}
    </span>
  );
}
