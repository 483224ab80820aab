import { H265_NAL, h265Type } from '../../video/h265-nal.js';
import { type NalPayloadFormat, unpackAggregate } from './nal-depayloader.js';
import type { NalStream } from './nal-stream.js';

/** Payload header (4.2): as a NAL unit's. */
const HEADER_BYTES = 2;
const ORDER_NUMBER_BYTES = 2;

const typeOf = (data: Uint8Array, start: number): number => h265Type(data[start] ?? 0);

/**
 * RFC 7798: single NAL unit packets, aggregation packets and fragmentation units. Decoding order numbers are passed over:
 * units are taken in the order of their packets. PACI packets are of no use.
 * @param hasDecodingOrderNumbers whether DONL and DOND are there
 */
export function h265Payload(hasDecodingOrderNumbers: boolean): NalPayloadFormat {
  const orderBytes = hasDecodingOrderNumbers ? ORDER_NUMBER_BYTES : 0;
  return {
    unusable: (data, start, end) => {
      const type = typeOf(data, start);
      if (type === H265_NAL.paci) return 'H.265 PACI';
      return type === H265_NAL.fragment && end - start - HEADER_BYTES < 1 ? 'short H.265 FU' : null;
    },
    continues: (data, start) =>
      typeOf(data, start) === H265_NAL.fragment && ((data[start + HEADER_BYTES] ?? 0) & 0x80) === 0,
    unpack: (nals, data, start, end) => {
      const type = typeOf(data, start);
      // 4.4.2: DONL before the first, DOND (one byte) before the others.
      if (type === H265_NAL.aggregation)
        return unpackAggregate(nals, data, start + HEADER_BYTES + orderBytes, end, orderBytes / 2);
      if (type === H265_NAL.fragment) unpackFragment(nals, data, start, end, orderBytes);
      else unpackSingle(nals, data, start, end, orderBytes);
      return true;
    },
  };
}

/** 4.4.1: the payload header is the NAL unit's; a DONL may stand between it and the rest. */
function unpackSingle(
  nals: NalStream,
  data: Uint8Array,
  start: number,
  end: number,
  orderBytes: number,
): void {
  if (orderBytes === 0) {
    nals.whole(data, start, end);
    return;
  }
  const [header = 0, second = 0] = [data[start], data[start + 1]];
  const body = Math.min(end, start + HEADER_BYTES + orderBytes);
  nals.fragment(data, body, end, { header, second, first: true, last: true });
}

/** 4.4.3 */
function unpackFragment(
  nals: NalStream,
  data: Uint8Array,
  start: number,
  end: number,
  orderBytes: number,
): void {
  const fu = data[start + HEADER_BYTES] ?? 0;
  const first = (fu & 0x80) !== 0;
  const body = start + HEADER_BYTES + 1 + (first ? orderBytes : 0);
  nals.fragment(data, Math.min(body, end), end, {
    header: ((data[start] ?? 0) & 0x81) | ((fu & 0x3f) << 1),
    second: data[start + 1] ?? 0,
    first,
    last: (fu & 0x40) !== 0,
  });
}
