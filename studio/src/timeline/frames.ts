// Loads pictures of frames for the timeline. Only pictures that the last drawing asked for are requested.

/** Maximum number of requests at a time. */
const AT_ONCE = 3;
/** Maximum number of pictures in memory. */
const KEPT = 400;

export class FramePictures {
  private readonly pictures = new Map<number, HTMLImageElement | null>();
  private readonly loading = new Set<number>();
  private wanted: number[] = [];

  constructor(
    private readonly addressOf: (frame: number, height: number) => string,
    private readonly height: number,
    private readonly onLoad: () => void,
  ) {}

  /** Forgets what the drawing before asked for. */
  begin(): void {
    this.wanted = [];
  }

  /** Returns the picture of a frame if it is loaded; otherwise it is requested after the drawing. */
  readonly get = (frame: number): HTMLImageElement | null => {
    const picture = this.pictures.get(frame);
    if (picture === undefined) this.wanted.push(frame);
    return picture ?? null;
  };

  /** Requests what the drawing asked for and has not got. */
  load(): void {
    while (this.loading.size < AT_ONCE) {
      const frame = this.wanted.shift();
      if (frame === undefined) return;
      if (!this.loading.has(frame) && !this.pictures.has(frame)) this.request(frame);
    }
  }

  private request(frame: number): void {
    this.loading.add(frame);
    const picture = new Image();
    const end = (result: HTMLImageElement | null) => {
      this.loading.delete(frame);
      if (this.pictures.size >= KEPT) this.pictures.delete(this.pictures.keys().next().value!);
      this.pictures.set(frame, result);
      if (result) this.onLoad();
      this.load();
    };
    picture.onload = () => end(picture);
    // A frame that does not exist leaves a gap. It is not asked for again.
    picture.onerror = () => end(null);
    picture.src = this.addressOf(frame, this.height);
  }
}
