/**
 * The package with one place of its source changed, loaded beside the right one: all of its modules anew, Effect once. No
 * file is changed: what differs is what the loader hands out.
 */
import { registerHooks } from "node:module"

/** A place of the source, which is there once, and what stands there instead. */
export interface Change {
  /** From the folder of the package. */
  readonly file: string
  readonly from: string
  readonly to: string
}

export const apply = ({ file, from, to }: Change, source: string): string => {
  const parts = source.split(from)
  if (parts.length !== 2) throw new Error(`${file} has this ${parts.length - 1} times, expected once:\n${from}`)
  return parts.join(to)
}

const root = new URL("../..", import.meta.url).href
const mark = /\?planted=(\d+)$/
const changes: Array<Change> = []

/** Loads a module of this folder, and all that it imports of the package, with a change. */
export const load = (module: string, change: Change): Promise<unknown> => {
  if (changes.length === 0) registerHooks({ resolve, load: hand })
  return import(new URL(`./${module}?planted=${changes.push(change) - 1}`, import.meta.url).href)
}

type Hooks = Required<Parameters<typeof registerHooks>[0]>

const resolve: Hooks["resolve"] = (specifier, context, next) => {
  const result = next(specifier, context)
  const query = context.parentURL?.match(mark)?.[0]
  const isOurs = result.url.startsWith(root) && !result.url.includes("/node_modules/")
  return query === undefined || !isOurs ? result : { ...result, url: result.url + query }
}

const hand: Hooks["load"] = (url, context, next) => {
  const result = next(url, context)
  const change = changes[Number(url.match(mark)?.[1])]
  if (change === undefined || !url.startsWith(`${root}${change.file}?`)) return result
  return { ...result, source: apply(change, String(result.source)) }
}
