/** Workers and programs of these tests, bundled once: one that loads Effect from its sources takes a second of a core. */
import { pathToFileURL } from "node:url"
import { bundle } from "../node/processes.ts"

const folder = "test/executors"

/** The way to a bundle by its program's name. */
export const pathOf = await bundle([
  `${folder}/worker.ts`,
  `${folder}/rough/rough-worker.ts`,
  `${folder}/rough/incomplete.ts`,
  `${folder}/rough/silent.ts`,
  `${folder}/rough/twice.ts`,
  `${folder}/rough/program.ts`
])

/** What a pool is given. */
export const moduleOf = (name: string): URL => pathToFileURL(pathOf(name))
