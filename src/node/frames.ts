/** Stacks, without what is nobody's business who wrote the program. */
import { fileURLToPath } from "node:url"

/** Where this library is, unless it was put into one file with the program. */
const home = /^.*\/(?:src|dist)\/(?=(?:node|internal)\/[\w-]+\.\w+$)/.exec(import.meta.url)?.[0]

const foreign = [
  ...(home === undefined ? [] : [home, fileURLToPath(home)]),
  "node_modules/effect/",
  "node_modules/effect-asyncio/",
  "node:",
  "Generator.next",
  "~effect/",
  "<anonymous>:"
]

/** The lines of a stack that are the program's, `    at …`. */
export const programFrames = (stack: string): ReadonlyArray<string> =>
  stack.split("\n").filter((line) => /^\s+at /.test(line) && !foreign.some((part) => line.includes(part)))
