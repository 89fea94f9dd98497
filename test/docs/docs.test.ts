/** Every example of the documentation type-checks, runs, and gives what it says; the pictures are of what programs do. */
import { globSync, readFileSync } from "node:fs"
import { resolve } from "node:path"
import { expect, it } from "vitest"
import { drawAll } from "../../scripts/picture.ts"
import * as DocExample from "./DocExample.ts"

const files = globSync(["*.md", "docs/**/*.md", "src/**/*.ts"], { cwd: DocExample.root }).toSorted()
const examples = files.flatMap((file) => DocExample.find(file, readFileSync(resolve(DocExample.root, file), "utf8")))

for (const program of await DocExample.compile("docs", examples)) {
  it(program.id, { timeout: 20_000 }, async () => {
    expect((await DocExample.run(program)).join("\n")).toBe("")
  })
}

it("the pictures are what scripts/picture.ts draws", async () => {
  for (const [file, svg] of await drawAll()) expect(readFileSync(file, "utf8")).toBe(svg)
})
