/**
 * Numbers that remember their unit at compile time and cost nothing at run time.
 *
 * The brand is an optional phantom property: a plain number may be given where a quantity is asked for, but bytes may
 * not be given where seconds are. Arithmetic yields plain numbers, so a formula reads as a formula.
 */
declare const unit: unique symbol;
export type Quantity<U extends string> = number & { readonly [unit]?: U };

export type Seconds = Quantity<'s'>;
export type Bytes = Quantity<'B'>;
export type BytesPerSecond = Quantity<'B/s'>;
export type FlopPerSecond = Quantity<'FLOP/s'>;
export type Watts = Quantity<'W'>;
export type Usd = Quantity<'USD'>;
export type Tokens = Quantity<'token'>;
/** A fraction, 0..1 unless the name says otherwise. */
export type Share = Quantity<'share'>;
