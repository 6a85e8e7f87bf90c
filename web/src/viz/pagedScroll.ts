/** Browsers stop at 17 to 33 million pixels; far below that, positions are exact. */
const TALLEST = 8_000_000;

/**
 * Shows a content of any height in a scrolling element of bounded height. Small steps scroll by as much as the
 * finger moved; a jump of the scroll bar goes to the same share of the content.
 */
export class PagedScroll {
  /** Pixels from the content's top to the view's top. */
  top = 0;
  #contentHeight = 0;
  #viewHeight = 0;
  #last = 0;

  /** How high the scrolling element's content really is. */
  get realHeight(): number {
    return Math.min(this.#contentHeight, TALLEST);
  }

  get isPaged(): boolean {
    return this.#contentHeight > TALLEST;
  }

  /** Where to put content that stands at `top` of the whole. */
  place(top: number): number {
    return top - this.top + this.#last;
  }

  resize(contentHeight: number, viewHeight: number): void {
    this.#contentHeight = contentHeight;
    this.#viewHeight = viewHeight;
    this.top = this.#bounded(this.top);
  }

  /** Takes the element's position after it scrolled. */
  scrolled(scrollTop: number): void {
    const step = scrollTop - this.#last;
    this.#last = scrollTop;
    if (!this.isPaged) this.top = scrollTop;
    else if (Math.abs(step) <= this.#viewHeight) this.top = this.#bounded(this.top + step);
    else this.top = (scrollTop / this.#realRange) * this.#range;
  }

  /** Moves the view; returns the position to give the element. */
  moveTo(top: number): number {
    this.top = this.#bounded(top);
    this.#last = this.isPaged ? Math.round((this.top / this.#range) * this.#realRange) : this.top;
    return this.#last;
  }

  /** Position that the element should have, so that neither end is reached too soon. */
  get settled(): number {
    return this.isPaged ? Math.round((this.top / this.#range) * this.#realRange) : this.top;
  }

  get #range(): number {
    return Math.max(1, this.#contentHeight - this.#viewHeight);
  }

  get #realRange(): number {
    return Math.max(1, this.realHeight - this.#viewHeight);
  }

  #bounded(top: number): number {
    return Math.min(Math.max(0, top), Math.max(0, this.#contentHeight - this.#viewHeight));
  }
}
