import turbo from 'jpeg-turbo';

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** RGB, 8 bits a channel, rows from the top. */
  readonly rgb: Buffer;
}

export type Rgb = readonly [red: number, green: number, blue: number];

export function decodeJpeg(jpeg: Buffer): Picture {
  const { data, width, height } = turbo.decompressSync(jpeg, { format: turbo.FORMAT_RGB });
  return { width, height, rgb: data };
}

export function pixel({ width, rgb }: Picture, x: number, y: number): Rgb {
  const at = (y * width + x) * 3;
  return [rgb.readUInt8(at), rgb.readUInt8(at + 1), rgb.readUInt8(at + 2)];
}

/** Mean of the absolute differences, for each channel, in levels (0-255). The pictures are of one size. */
export function meanDifference(a: Picture, b: Picture): Rgb {
  if (a.width !== b.width || a.height !== b.height) throw new Error('pictures of two sizes');
  const sums: [number, number, number] = [0, 0, 0];
  for (let at = 0; at < a.rgb.length; at += 3) {
    sums[0] += Math.abs(a.rgb.readUInt8(at) - b.rgb.readUInt8(at));
    sums[1] += Math.abs(a.rgb.readUInt8(at + 1) - b.rgb.readUInt8(at + 1));
    sums[2] += Math.abs(a.rgb.readUInt8(at + 2) - b.rgb.readUInt8(at + 2));
  }
  const pixels = a.width * a.height;
  return [sums[0] / pixels, sums[1] / pixels, sums[2] / pixels];
}
