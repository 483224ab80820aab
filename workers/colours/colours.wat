;; Brings planar YUV 4:2:0 to what JPEG means by it (full range, ITU-R BT.601), in place, 16 samples at a time. Compiled at
;; build time (workers/colours/build.ts).
;;
;; stretchLuma, stretchChroma: limited range (luma 16-235, chroma 16-240) to full, as (in * factor - offset) / 128 in unsigned
;; 16-bit lanes: 255/219 is 149/128 with an error of 0.07 of a level at white, 255/224 is 146/128 with 0.25 at the ends; the offset
;; takes the source's zero away, puts the new one in its place, and has a half for rounding: 16 * 149 - 64, and
;; 128 * 146 - 128 * 128 - 64. A byte times the factor fits into 16 bits, and what would be below black saturates at 0.
;;
;; convert: another matrix as well, with range and matrix in one set of factors.
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
            (i16x8.shr_u
              (i16x8.sub_sat_u
                (i16x8.extmul_low_i8x16_u (local.get $in) (i8x16.splat (i32.const 149)))
                (v128.const i16x8 2320 2320 2320 2320 2320 2320 2320 2320))
              (i32.const 7))
            (i16x8.shr_u
              (i16x8.sub_sat_u
                (i16x8.extmul_high_i8x16_u (local.get $in) (i8x16.splat (i32.const 149)))
                (v128.const i16x8 2320 2320 2320 2320 2320 2320 2320 2320))
              (i32.const 7))))
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
            (i16x8.shr_u
              (i16x8.sub_sat_u
                (i16x8.extmul_low_i8x16_u (local.get $in) (i8x16.splat (i32.const 146)))
                (v128.const i16x8 2240 2240 2240 2240 2240 2240 2240 2240))
              (i32.const 7))
            (i16x8.shr_u
              (i16x8.sub_sat_u
                (i16x8.extmul_high_i8x16_u (local.get $in) (i8x16.splat (i32.const 146)))
                (v128.const i16x8 2240 2240 2240 2240 2240 2240 2240 2240))
              (i32.const 7))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $next))))

  ;; Luma of one step and row: ((in - zero) * 32) by its factor, plus the share of its chroma, all in sixteenths.
  (func $lumaRow (param $at i32) (param $zero v128) (param $gain v128) (param $low v128) (param $high v128)
    (local $in v128)
    (local.set $in (v128.load (local.get $at)))
    (v128.store (local.get $at)
      (i8x16.narrow_i16x8_u
        (i16x8.shr_s
          (i16x8.add
            (i16x8.q15mulr_sat_s
              (i16x8.shl (i16x8.sub (i16x8.extend_low_i8x16_u (local.get $in)) (local.get $zero)) (i32.const 5))
              (local.get $gain))
            (local.get $low))
          (i32.const 4))
        (i16x8.shr_s
          (i16x8.add
            (i16x8.q15mulr_sat_s
              (i16x8.shl (i16x8.sub (i16x8.extend_high_i8x16_u (local.get $in)) (local.get $zero)) (i32.const 5))
              (local.get $gain))
            (local.get $high))
          (i32.const 4)))))

  ;; 8 chroma samples (16-bit lanes) as bytes
  (func $storeChroma (param $at i32) (param $sixteenths v128)
    (local $whole v128)
    ;; 128 is the zero of chroma; 8 rounds.
    (local.set $whole
      (i16x8.shr_s
        (i16x8.add (local.get $sixteenths) (v128.const i16x8 2056 2056 2056 2056 2056 2056 2056 2056))
        (i32.const 4)))
    (v128.store64_lane 0 (local.get $at) (i8x16.narrow_i16x8_u (local.get $whole) (local.get $whole))))

  ;; y, u, v: addresses of the planes; width: luma samples of a row; columns: how many of them are converted, a multiple of 16;
  ;; rows: chroma rows, each with its two rows of luma; zero: the luma of black; the factors are gains * 16384, each below 2: with a
  ;; difference times 32, q15mulr gives sixteenths of a level, which add up without an error of their own.
  (func (export "convert")
    (param $y i32) (param $u i32) (param $v i32) (param $width i32) (param $columns i32) (param $rows i32) (param $zero i32)
    (param $yy i32) (param $yu i32) (param $yv i32) (param $uu i32) (param $uv i32) (param $vu i32) (param $vv i32)
    (local $end i32) (local $lumaStep i32) (local $chromaStep i32)
    (local $cb v128) (local $cr v128) (local $share v128) (local $low v128) (local $high v128)
    (local $zeros v128) (local $gain v128)
    (local.set $zeros (i16x8.splat (local.get $zero)))
    (local.set $gain (i16x8.splat (local.get $yy)))
    ;; From the end of a row's columns to the next row of chroma, and to the luma row after the next.
    (local.set $lumaStep (i32.sub (i32.shl (local.get $width) (i32.const 1)) (local.get $columns)))
    (local.set $chromaStep (i32.shr_u (i32.sub (local.get $width) (local.get $columns)) (i32.const 1)))
    (block $allDone
      (loop $nextRow
        (br_if $allDone (i32.eqz (local.get $rows)))
        (local.set $rows (i32.sub (local.get $rows) (i32.const 1)))
        (local.set $end (i32.add (local.get $y) (local.get $columns)))
        (block $rowDone
          (loop $nextStep
            (br_if $rowDone (i32.ge_u (local.get $y) (local.get $end)))
            (local.set $cb
              (i16x8.shl
                (i16x8.sub (v128.load8x8_u (local.get $u)) (v128.const i16x8 128 128 128 128 128 128 128 128))
                (i32.const 5)))
            (local.set $cr
              (i16x8.shl
                (i16x8.sub (v128.load8x8_u (local.get $v)) (v128.const i16x8 128 128 128 128 128 128 128 128))
                (i32.const 5)))
            (local.set $share
              (i16x8.add
                (i16x8.add
                  (i16x8.q15mulr_sat_s (local.get $cb) (i16x8.splat (local.get $yu)))
                  (i16x8.q15mulr_sat_s (local.get $cr) (i16x8.splat (local.get $yv))))
                ;; rounds
                (v128.const i16x8 8 8 8 8 8 8 8 8)))
            ;; Each chroma sample is that of two luma samples side by side.
            (local.set $low
              (i8x16.shuffle 0 1 0 1 2 3 2 3 4 5 4 5 6 7 6 7 (local.get $share) (local.get $share)))
            (local.set $high
              (i8x16.shuffle 8 9 8 9 10 11 10 11 12 13 12 13 14 15 14 15 (local.get $share) (local.get $share)))
            (call $lumaRow (local.get $y) (local.get $zeros) (local.get $gain) (local.get $low) (local.get $high))
            (call $lumaRow (i32.add (local.get $y) (local.get $width))
              (local.get $zeros) (local.get $gain) (local.get $low) (local.get $high))
            (call $storeChroma (local.get $u)
              (i16x8.add
                (i16x8.q15mulr_sat_s (local.get $cb) (i16x8.splat (local.get $uu)))
                (i16x8.q15mulr_sat_s (local.get $cr) (i16x8.splat (local.get $uv)))))
            (call $storeChroma (local.get $v)
              (i16x8.add
                (i16x8.q15mulr_sat_s (local.get $cb) (i16x8.splat (local.get $vu)))
                (i16x8.q15mulr_sat_s (local.get $cr) (i16x8.splat (local.get $vv)))))
            (local.set $y (i32.add (local.get $y) (i32.const 16)))
            (local.set $u (i32.add (local.get $u) (i32.const 8)))
            (local.set $v (i32.add (local.get $v) (i32.const 8)))
            (br $nextStep)))
        (local.set $y (i32.add (local.get $y) (local.get $lumaStep)))
        (local.set $u (i32.add (local.get $u) (local.get $chromaStep)))
        (local.set $v (i32.add (local.get $v) (local.get $chromaStep)))
        (br $nextRow))))
)
