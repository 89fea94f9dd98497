/**
 * A job's values, as a cluster stores them. The job's codecs give JSON, except for two of Effect's schemas: a `Transferable` leaves
 * bytes as they are, for a thread to get, and `Schema.Any` leaves everything. Here bytes become base64, in an object whose key says
 * so; an object of the program's that has such a key is put into another one:
 *
 *     bytes               ──►  { "~bytes": "AQL/" }
 *     { "~bytes": x, … }  ──►  { "~bytes": { "~bytes": x, … } }
 */
import * as Base64 from "effect/encoding/Base64"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as check from "../../internal/host/check.ts"

const key = "~bytes"

/** A part of a value, and the way to it. */
interface Part {
  readonly value: unknown
  readonly key: string | number | undefined
  readonly whole: Part | undefined
}

/** Throws for what is neither JSON nor bytes, in the name of `call`; `what` is it. */
export const toJson = (call: string, what: string, encoded: unknown): Schema.Json => {
  const pack = (part: Part): Schema.Json => {
    const { value } = part
    if (value === null || typeof value === "string" || typeof value === "boolean") return value
    if (typeof value === "number" && Number.isFinite(value)) return value
    if (value instanceof Uint8Array) return { [key]: Base64.encode(value) }
    if (typeof value === "object" && !isCircular(part)) {
      if (Array.isArray(value)) return Array.from(value, (value, key) => pack({ value, key, whole: part }))
      if (check.isPlain(value)) {
        const packed = mapValues(value, (value, key) => pack({ value, key, whole: part }))
        return Object.hasOwn(value, key) ? { [key]: packed } : packed
      }
    }
    return check.illegal(call, what + wayTo(part), value, "JSON or bytes, as a cluster stores it")
  }
  return pack({ value: encoded, key: undefined, whole: undefined })
}

/** What `toJson` has made the JSON of. */
export const fromJson = (json: Schema.Json): unknown => {
  if (typeof json !== "object" || json === null) return json
  if (isArray(json)) return json.map(fromJson)
  const inner = json[key]
  if (inner === undefined) return mapValues(json, fromJson)
  // Nobody has made it of bytes if it is none: then the job's schema refuses it.
  if (typeof inner === "string") return Result.getOrElse(Base64.decode(inner), () => json)
  return typeof inner === "object" && inner !== null && !isArray(inner) ? mapValues(inner, fromJson) : json
}

const mapValues = <A, B>(
  object: { readonly [key: string]: A },
  f: (value: A, key: string) => B
): { [key: string]: B } => Object.fromEntries(Object.entries(object).map(([key, value]) => [key, f(value, key)]))

/** TypeScript's own takes no readonly one for an array. */
const isArray = (json: Schema.Json): json is ReadonlyArray<Schema.Json> => Array.isArray(json)

const isCircular = ({ value, whole }: Part): boolean => {
  for (let around = whole; around !== undefined; around = around.whole) if (around.value === value) return true
  return false
}

const wayTo = ({ key, whole }: Part): string =>
  whole === undefined ? "" : `${wayTo(whole)}${whole.whole === undefined ? " at " : ""}[${JSON.stringify(key)}]`
