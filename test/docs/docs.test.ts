/** Every example of the documentation type-checks, runs, and gives what it says; its picture is of what they do. */
import { globSync, readFileSync } from "node:fs"
import { resolve } from "node:path"
import { expect, it } from "vitest"
import { draw, file } from "../../scripts/picture.ts"
import * as DocExample from "./DocExample.ts"

const files = globSync(["*.md", "docs/**/*.md", "src/**/*.ts"], { cwd: DocExample.root }).toSorted()
const examples = files.flatMap((file) => DocExample.find(file, readFileSync(resolve(DocExample.root, file), "utf8")))

for (const program of await DocExample.compile("docs", examples)) {
  it(program.id, { timeout: 20_000 }, async () => {
    expect((await DocExample.run(program)).join("\n")).toBe("")
  })
}

it("docs/gather.svg is what scripts/picture.ts draws", async () => {
  expect(readFileSync(file, "utf8")).toBe(await draw())
})
