import {
  Boxes,
  Cpu,
  Database,
  LayoutGrid,
  type LucideIcon,
  NotebookPen,
  Play,
  Radio,
  Settings,
  Sigma,
  Workflow,
} from 'lucide-react';
import { projectPath } from '@/ui/routing';

export interface Destination {
  id: string;
  icon: LucideIcon;
  /** The letter after `g` that leads there. */
  key: string;
  isGlobal?: boolean;
}

export const destinations: Destination[] = [
  { id: 'overview', icon: LayoutGrid, key: 'o' },
  { id: 'datasets', icon: Database, key: 'd' },
  { id: 'models', icon: Boxes, key: 'm' },
  { id: 'algorithms', icon: Sigma, key: 'a' },
  { id: 'pipelines', icon: Workflow, key: 'p' },
  { id: 'runs', icon: Play, key: 'r' },
  { id: 'notebooks', icon: NotebookPen, key: 'n' },
  { id: 'endpoints', icon: Radio, key: 'e' },
  { id: 'cluster', icon: Cpu, key: 'c', isGlobal: true },
];

export const settingsDestination: Destination = { id: 'settings', icon: Settings, key: 's', isGlobal: true };

/** Address of a destination for someone working in `project`. */
export function destinationPath({ id, isGlobal }: Destination, project: string): string {
  if (isGlobal) return `/${id}`;
  return id === 'overview' ? projectPath(project) : projectPath(project, id);
}

/** Whether an address lies in a destination. */
export function isWithin(pathname: string, destination: Destination, project: string): boolean {
  const path = destinationPath(destination, project);
  if (destination.id === 'overview') return pathname === path;
  return pathname === path || pathname.startsWith(`${path}/`);
}
