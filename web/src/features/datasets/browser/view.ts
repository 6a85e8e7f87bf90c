/** How the grid is shown; kept in this browser. */
export interface GridView {
  rowHeight: number;
  boxes: boolean;
  masks: boolean;
  landmarks: boolean;
  names: boolean;
  /** Whose word is drawn where a model has answered too. */
  shows: 'labels' | 'both' | 'predictions';
  /** Of all that is drawn over a picture: 1 covers it. */
  opacity: number;
}

/** The view of one dataset: classes that are not drawn, by their ids. */
export interface DrawnView extends GridView {
  hidden: readonly number[];
}

export const OPACITIES = { min: 0.1, max: 1, step: 0.1 };
export const ROW_HEIGHTS = { min: 72, max: 320, step: 8 };
const KEY = 'kpl.grid';
const START: GridView = {
  rowHeight: 144,
  boxes: true,
  masks: true,
  landmarks: true,
  names: true,
  shows: 'both',
  opacity: 1,
};

export function keptView(): GridView {
  try {
    return { ...START, ...(JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<GridView>) };
  } catch {
    return START;
  }
}

export function keepView(view: GridView): GridView {
  try {
    localStorage.setItem(KEY, JSON.stringify(view));
  } catch {
    // Storage may be blocked; the view then lasts until reload.
  }
  return view;
}
