/** Links, anchors and pictures of the pages: in a clone, and in the package, which has less in it. */
import { globSync, readFileSync, statSync } from "node:fs"
import { matchesGlob, posix } from "node:path"
import { describe, expect, it } from "vitest"
import manifest from "../../package.json" with { type: "json" }
import { root } from "./DocExample.ts"

const pages = globSync(["*.md", "{docs,test,examples,bench}/**/*.md"], {
  cwd: root,
  exclude: ["**/node_modules"]
}).toSorted()

/** Without code: neither a fence nor a span of it links to anything. */
const proseOf = (text: string): string => text.replace(/^( *)```.*?^\1```$/gms, "").replace(/`[^`]*`/g, "code")

/** As GitHub makes them of headings. */
const anchorsOf = (text: string): ReadonlySet<string> =>
  new Set(Array.from(
    text.replace(/^```.*?^```$/gms, "").matchAll(/^#+ (.*)$/gm),
    ([, heading]) => heading!.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").trim().replace(/\s/g, "-")
  ))

interface Link {
  readonly page: string
  readonly text: string
  /** The path from the root, and the anchor there, if one is named. */
  readonly path: string
  readonly anchor: string | undefined
}

const linksOf = (page: string): ReadonlyArray<Link> =>
  Array.from(proseOf(readFileSync(posix.join(root, page), "utf8")).matchAll(/\]\(([^)\s]+)\)/g), ([, text]) => text!)
    .filter((text) => !/^[a-z]+:/.test(text))
    .map((text) => {
      const [path, anchor] = text.split("#")
      return { page, text, path: path === "" ? page : posix.join(posix.dirname(page), path!), anchor }
    })

const links = pages.flatMap(linksOf)

const isThere = ({ path }: Link): boolean => statSync(posix.join(root, path), { throwIfNoEntry: false }) !== undefined

/** npm packs these whatever `files` says. */
const always = new Set(["package.json", "README.md", "LICENSE"])

const isPacked = (path: string): boolean =>
  always.has(path) || manifest.files.some((file) => path === file || matchesGlob(path, `${file}/**`))

/** Tells of the house, to those who have a clone: of tests, scripts and benchmarks, which the package leaves out. */
const house = "docs/contributing.md"

const name = ({ page, text }: Link) => `${page}: ${text}`

it("no page has the marks of a merge", () => {
  const marked = pages.filter((page) => /^(<{7}|={7}|>{7})( |$)/m.test(readFileSync(posix.join(root, page), "utf8")))
  expect(marked).toEqual([])
})

describe("links", () => {
  it("are found", () => {
    expect(links.length).toBeGreaterThan(100)
    expect(pages).toContain("docs/migration.md")
  })

  it("lead to files that are there", () => {
    expect(links.filter((link) => !isThere(link)).map(name)).toEqual([])
  })

  it("lead to headings that are there", () => {
    const dead = links.filter((link) =>
      link.anchor !== undefined && !anchorsOf(readFileSync(posix.join(root, link.path), "utf8")).has(link.anchor)
    )
    expect(dead.map(name)).toEqual([])
  })

  it("of a page that is in the package lead to what is in the package", () => {
    const packed = links.filter(({ page }) => isPacked(page) && page !== house)
    expect(packed.filter(({ path }) => !isPacked(path)).map(name)).toEqual([])
  })

  it("lead to every page of the documentation", () => {
    const linked = new Set(links.map(({ path }) => path))
    const lonely = pages.filter((page) => page.startsWith("docs/") && !linked.has(page))
    expect(lonely).toEqual([])
  })
})
