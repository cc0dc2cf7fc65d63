// Loads pictures of frames for the timeline. Only pictures that the last drawing asked for are requested.

/** Maximum number of requests at a time. */
const AT_ONCE = 3;
/** Maximum number of pictures in memory. */
const KEPT = 400;

export class FramePictures {
  private readonly pictures = new Map<number, ImageBitmap | null>();
  private readonly loading = new Set<number>();
  private wanted: number[] = [];
  private isDisposed = false;

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
  readonly get = (frame: number): ImageBitmap | null => {
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
    this.read(frame).then((picture) => this.end(frame, picture), () => this.end(frame, null));
  }

  /** Asks the service whether a picture that the browser keeps is still valid: a film that is made again has others. */
  private async read(frame: number): Promise<ImageBitmap> {
    const response = await fetch(this.addressOf(frame, this.height), { cache: "no-cache" });
    if (!response.ok) throw new Error(response.statusText);
    return createImageBitmap(await response.blob());
  }

  /** Keeps a picture. A frame that does not exist leaves a gap and is not asked for again. */
  private end(frame: number, picture: ImageBitmap | null): void {
    this.loading.delete(frame);
    if (this.isDisposed) {
      picture?.close();
      return;
    }
    if (this.pictures.size >= KEPT) {
      const [oldest] = this.pictures.keys();
      this.pictures.get(oldest!)?.close();
      this.pictures.delete(oldest!);
    }
    this.pictures.set(frame, picture);
    if (picture) this.onLoad();
    this.load();
  }

  dispose(): void {
    this.isDisposed = true;
    for (const picture of this.pictures.values()) picture?.close();
    this.pictures.clear();
  }
}
