/** Stacks, without the lines that don't concern the program's author. */
import { fileURLToPath } from "node:url"

/** Where this library is, unless it was bundled with the program. */
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

/** The lines of a stack that belong to the program, `    at …`. */
export const programFrames = (stack: string): ReadonlyArray<string> =>
  stack.split("\n").filter((line) => /^\s+at /.test(line) && !foreign.some((part) => line.includes(part)))
