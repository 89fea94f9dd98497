/**
 * A schedule as a short text: what it does differently, or, if that is too long, how it was made.
 *
 * Base64url of bytes. One of version and form; two of the written order's fingerprint, so that a program that has changed is
 * refused; the options that decide which places there are; then either each move (a byte of its kind, the depth of its path
 * and whether its amount is 1; then path, slot and amount as varints), or the strategy, the seed and the number of the run.
 * The last byte is a checksum of all others, in every version: a text with a correct one is a token.
 */
import * as Base64Url from "effect/encoding/Base64Url"
import * as Result from "effect/Result"
import { TokenError } from "./errors.ts"
import { kinds, type Move } from "./moves.ts"
import type { Paths } from "./Paths.ts"
import type { Settings } from "./settings.ts"
import type { Origin } from "./strategies.ts"

const version = 1
/** The length of the longest token. */
const limit = 80

const moveForm = 0
const originForm = 1
/** The largest depth that fits beside a kind's four bits and the bit for an amount of 1; deeper paths write theirs separately. */
const deep = 7
const parts = 65_536

export interface Token {
  readonly fingerprint: number
  readonly flags: number
  readonly pause: number
  readonly content: { readonly moves: ReadonlyArray<Move> } | { readonly origin: Origin }
}

/** The options that decide which places there are. */
export const flagsOf = (settings: Settings): number =>
  [
    settings.time,
    settings.latency,
    settings.faults,
    settings.choices,
    settings.order,
    settings.cancels,
    settings.interrupts,
    settings.operations,
    settings.outside
  ].reduce((flags, flag, i) => flags | (flag ? 2 ** i : 0), 0)

const usual = 0b1111
const usualPause = 50e6

const varint = (bytes: Array<number>, value: number): void => {
  let rest = value
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push(rest % 128 + 128)
  bytes.push(rest)
}

export const encode = ({ content, fingerprint, flags, pause }: Token, paths: Paths): string => {
  const isMoves = "moves" in content
  const bytes = [version * 2 + (isMoves ? moveForm : originForm), fingerprint >> 8 & 255, fingerprint & 255]
  varint(bytes, (flags ^ usual) * 2 + (pause === usualPause ? 0 : 1))
  if (pause !== usualPause) varint(bytes, pause)
  if (isMoves) { for (const move of content.moves) encodeMove(bytes, move, paths) }
  else encodeOrigin(bytes, content.origin)
  bytes.push(sumOf(bytes))
  return Base64Url.encode(Uint8Array.from(bytes))
}

const sumOf = (bytes: Iterable<number>): number => {
  let sum = 0
  for (const byte of bytes) sum = (sum * 31 + byte + 1) & 255
  return sum
}

const encodeMove = (bytes: Array<number>, { amount, kind, path, slot }: Move, paths: Paths): void => {
  const indices = paths.indicesOf(path)
  const depth = Math.min(indices.length, deep)
  bytes.push(kinds.indexOf(kind) * 16 + (amount === 1 ? 8 : 0) + depth)
  if (depth === deep) varint(bytes, indices.length)
  for (const index of indices) varint(bytes, index)
  varint(bytes, slot)
  if (amount !== 1) varint(bytes, amount)
}

const encodeOrigin = (bytes: Array<number>, { number, seed, strategy }: Origin): void => {
  const isPct = "pct" in strategy
  bytes.push(isPct ? 0 : 1)
  varint(bytes, isPct ? strategy.pct : Math.round(strategy.random * parts))
  varint(bytes, seed)
  varint(bytes, number)
}

/** If the schedule is too long for a token, the token says how it was found. */
export const tokenOf = (
  settings: Settings,
  fingerprint: number,
  moves: ReadonlyArray<Move>,
  origin: Origin | undefined,
  paths: Paths
): string => {
  const about = { fingerprint: fingerprint & 0xffff, flags: flagsOf(settings), pause: settings.pause }
  const token = encode({ ...about, content: { moves } }, paths)
  return token.length <= limit || origin === undefined ? token : encode({ ...about, content: { origin } }, paths)
}

/** Fails with what is wrong with the text. */
export const decode = (text: string, paths: Paths): Result.Result<Token, TokenError> => {
  const bytes = Result.getOrUndefined(Base64Url.decode(text))
  // The decoder accepts several texts for the same bytes; only one of them is a token.
  if (bytes === undefined || bytes.length < 5 || Base64Url.encode(bytes) !== text) return malformed(text)
  const content = bytes.subarray(0, -1)
  if (sumOf(content) !== bytes.at(-1)) return malformed(text)
  if (content[0]! >> 1 !== version) {
    const message = `the token ${JSON.stringify(text)} is of version ${content[0]! >> 1}, expected ${version}`
    return Result.fail(new TokenError({ message, reason: "version" }))
  }
  try {
    return Result.succeed(new Reader(content, paths).token())
  } catch {
    return malformed(text)
  }
}

const malformed = (text: string): Result.Result<never, TokenError> =>
  Result.fail(
    new TokenError({
      message: `${JSON.stringify(text)} is not a token: it is damaged, or never was one`,
      reason: "malformed"
    })
  )

class Reader {
  private readonly bytes: Uint8Array
  private readonly paths: Paths
  private at = 0
  constructor(bytes: Uint8Array, paths: Paths) {
    this.bytes = bytes
    this.paths = paths
  }

  token(): Token {
    const form = this.byte() & 1
    const fingerprint = this.byte() * 256 + this.byte()
    const flags = this.varint()
    const pause = flags % 2 === 1 ? this.varint() : usualPause
    const about = { fingerprint, flags: Math.floor(flags / 2) ^ usual, pause }
    if (form === originForm) return { ...about, content: { origin: this.origin() } }
    const moves: Array<Move> = []
    while (this.at < this.bytes.length) moves.push(this.move())
    return { ...about, content: { moves } }
  }

  private move(): Move {
    const head = this.byte()
    const kind = kinds[head >> 4]
    if (kind === undefined) throw new RangeError("kind")
    const depth = (head & deep) === deep ? this.varint() : head & deep
    const path = this.paths.of(Array.from({ length: depth }, () => this.varint()))
    const slot = this.varint()
    const amount = (head & 8) > 0 ? 1 : this.varint()
    return { kind, path, slot, most: amount, amount }
  }

  private origin(): Origin {
    const isPct = this.byte() === 0
    const parameter = this.varint()
    const strategy = isPct ? { pct: parameter } : { random: parameter / parts }
    const origin = { strategy, seed: this.varint(), number: this.varint() }
    if (this.at < this.bytes.length) throw new RangeError("too long")
    return origin
  }

  private varint(): number {
    let value = 0
    for (let scale = 1;; scale *= 128) {
      const byte = this.byte()
      value += byte % 128 * scale
      if (byte < 128) return Number.isSafeInteger(value) ? value : fail()
    }
  }

  private byte(): number {
    return this.bytes[this.at++] ?? fail()
  }
}

const fail = (): never => {
  throw new RangeError("the end")
}
