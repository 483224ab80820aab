/** The query of `/ws` for a camera of the bench; the same for the service and for the baseline. */
export const viewerPath = (camera: string, url: string): string =>
  `/ws?camera_index=${camera}&rtsp=${encodeURIComponent(url)}`;

/** Servers that are compared, with the same FFmpeg: this checkout, what the usual packages do, and another checkout of the service. */
export type Contender = 'ours' | 'baseline' | 'before';
