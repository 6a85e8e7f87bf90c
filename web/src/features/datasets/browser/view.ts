/** How the grid is shown; kept in this browser. */
export interface GridView {
  rowHeight: number;
  boxes: boolean;
  names: boolean;
}

export const ROW_HEIGHTS = { min: 72, max: 320, step: 8 };
const KEY = 'kpl.grid';
const START: GridView = { rowHeight: 144, boxes: true, names: true };

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
