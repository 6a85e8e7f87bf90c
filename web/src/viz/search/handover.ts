/** Values on their way from a search to the editor of a pipeline, which puts them into its draft, where they can be undone. */

export interface FoundValues {
  project: string;
  pipeline: string;
  /** The step that searched. */
  node: string;
  trial: number;
  values: Record<string, unknown>;
}

let waiting: FoundValues | null = null;

/** Leave values for the editor that is opened next. */
export function handOver(found: FoundValues): void {
  waiting = found;
}

/** What was left for this pipeline, once. What was left for another one is forgotten. */
export function takeOver(project: string, pipeline: string): FoundValues | null {
  const found = waiting;
  waiting = null;
  return found?.project === project && found.pipeline === pipeline ? found : null;
}
