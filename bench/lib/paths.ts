/** The query of `/ws` for a camera of the bench; the same for the service and for the baseline. */
export const viewerPath = (camera: string, url: string): string =>
  `/ws?camera_index=${camera}&rtsp=${encodeURIComponent(url)}`;

/** Both servers that are compared, with the same FFmpeg. */
export type Contender = 'ours' | 'baseline';
