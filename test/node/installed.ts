/**
 * The package as it is installed, with `effect` beside it: built, as Node takes a second of work to load its sources, and
 * as whoever looks into a process looks for its files.
 */
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { bundle } from "../../scripts/build.ts"
import { makeFolder, root } from "../../scripts/workshop.ts"

const install = async (): Promise<string> => {
  const folder = makeFolder()
  const modules = join(folder, "node_modules")
  const own = join(modules, "effect-asyncio")
  mkdirSync(own, { recursive: true })
  symlinkSync(join(root, "node_modules/effect"), join(modules, "effect"), "junction")
  writeFileSync(join(folder, "package.json"), `{ "type": "module" }`)
  cpSync(join(root, "package.json"), join(own, "package.json"))
  await bundle(root, join(own, "dist"))
  return folder
}

let installing: Promise<string> | undefined

/** A folder that the package is installed in, for every file that asks. */
export const installed = (): Promise<string> => installing ??= install()
