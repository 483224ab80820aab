/**
 * Scripts that are put before the wall worker's own, to see and to disturb its decoders. Text: this project's tests know no DOM
 * types. `decoders`: those made and those open; `frames`: decoded pictures that are not closed; `late`: pictures come so many ms
 * after they are decoded; `reclaim()`: as a browser does that takes idle decoders back.
 */
export const WORKER_PROBE = `{
  const RealDecoder = globalThis.VideoDecoder;
  const probe = { made: 0, open: 0, frames: 0, late: 0, configs: [], reclaim: () => undefined };
  globalThis.probe = probe;
  if (RealDecoder) {
    const close = VideoFrame.prototype.close;
    const open = new WeakSet();
    VideoFrame.prototype.close = function () {
      if (open.delete(this)) probe.frames -= 1;
      close.call(this);
    };
    globalThis.VideoDecoder = class extends RealDecoder {
      #open = true;
      constructor({ output, error }) {
        const gone = () => {
          if (this.#open) probe.open -= 1;
          this.#open = false;
        };
        super({
          output: (frame) => {
            probe.frames += 1;
            open.add(frame);
            if (probe.late === 0) output(frame);
            else setTimeout(() => output(frame), probe.late);
          },
          error: (problem) => {
            gone();
            error(problem);
          },
        });
        probe.made += 1;
        probe.open += 1;
        probe.reclaim = () => {
          this.close();
          error(new DOMException('reclaimed', 'QuotaExceededError'));
        };
      }
      configure(config) {
        probe.configs.push(config);
        super.configure(config);
      }
      close() {
        if (this.#open) probe.open -= 1;
        this.#open = false;
        super.close();
      }
    };
  }
}
`;
