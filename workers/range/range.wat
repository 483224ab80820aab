;; Stretches limited-range YUV (ITU-R BT.601/709: luma 16-235, chroma 16-240) to JPEG's full range, in place, 16 samples at a
;; time. Compiled at build time (workers/range/build.ts).
;;
;; out = (in - zero) * gain + zero', rounded. In 16-bit lanes: the difference times 64 fits (239 * 64 < 32768), and
;; q15mulr multiplies by factor / 32768 with rounding, so that factor = gain * 512: 255/219 * 512 = 596, 255/224 * 512 = 583.
;; The factors' own rounding moves no sample by more than 0.1.
(module
  (import "env" "memory" (memory 1))

  ;; (from, end): addresses of the luma samples; (end - from) a multiple of 16
  (func (export "stretchLuma") (param $at i32) (param $end i32)
    (local $in v128)
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $in (v128.load (local.get $at)))
        (v128.store (local.get $at)
          (i8x16.narrow_i16x8_u
            (i16x8.q15mulr_sat_s
              (i16x8.shl (i16x8.sub (i16x8.extend_low_i8x16_u (local.get $in))
                                    (v128.const i16x8 16 16 16 16 16 16 16 16)) (i32.const 6))
              (v128.const i16x8 596 596 596 596 596 596 596 596))
            (i16x8.q15mulr_sat_s
              (i16x8.shl (i16x8.sub (i16x8.extend_high_i8x16_u (local.get $in))
                                    (v128.const i16x8 16 16 16 16 16 16 16 16)) (i32.const 6))
              (v128.const i16x8 596 596 596 596 596 596 596 596))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $next))))

  ;; (from, end): addresses of the chroma samples of both planes; (end - from) a multiple of 16
  (func (export "stretchChroma") (param $at i32) (param $end i32)
    (local $in v128)
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $in (v128.load (local.get $at)))
        (v128.store (local.get $at)
          (i8x16.narrow_i16x8_u
            (i16x8.add
              (i16x8.q15mulr_sat_s
                (i16x8.shl (i16x8.sub (i16x8.extend_low_i8x16_u (local.get $in))
                                      (v128.const i16x8 128 128 128 128 128 128 128 128)) (i32.const 6))
                (v128.const i16x8 583 583 583 583 583 583 583 583))
              (v128.const i16x8 128 128 128 128 128 128 128 128))
            (i16x8.add
              (i16x8.q15mulr_sat_s
                (i16x8.shl (i16x8.sub (i16x8.extend_high_i8x16_u (local.get $in))
                                      (v128.const i16x8 128 128 128 128 128 128 128 128)) (i32.const 6))
                (v128.const i16x8 583 583 583 583 583 583 583 583))
              (v128.const i16x8 128 128 128 128 128 128 128 128))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $next))))
)
