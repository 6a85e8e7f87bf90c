/** Where an image of some size stands in a view of another, in pixels of the view. */
export interface Fit {
  left: number;
  top: number;
  scale: number;
}

export interface FitView {
  width: number;
  height: number;
  imageWidth: number;
  imageHeight: number;
  /** As CSS's object-fit: `cover` cuts off what is too much, `contain` leaves room. */
  fit?: 'cover' | 'contain';
}

export function fitImage({ width, height, imageWidth, imageHeight, fit = 'cover' }: FitView): Fit {
  const scales = [width / imageWidth, height / imageHeight];
  const scale = fit === 'cover' ? Math.max(...scales) : Math.min(...scales);
  return { left: (width - imageWidth * scale) / 2, top: (height - imageHeight * scale) / 2, scale };
}
