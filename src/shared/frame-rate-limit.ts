/** Thins a stream of frames to a rate by time, keeping an even beat. Pure: the caller brings the time. */
export class FrameRateLimit {
  #due = -Infinity;

  /**
   * @param fps most frames a second; `null` lets every frame through
   * @param now the frame's time, ms
   */
  takes(fps: number | null, now: number): boolean {
    if (fps === null) return true;
    const interval = 1000 / fps;
    // A frame up to a tenth of an interval early still counts as on time: cameras jitter by some ms.
    if (now < this.#due - interval / 10) return false;
    // After a pause the beat starts anew instead of catching up.
    this.#due = (now - this.#due > interval ? now : this.#due) + interval;
    return true;
  }
}
