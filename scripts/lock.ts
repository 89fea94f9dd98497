/**
 * `npm run check`: refuses a lock file in which a package has no integrity hash or names a host, so that `npm ci`
 * installs the same bytes from whatever registry.
 *
 * `node scripts/lock.ts --write`: resolves anew what is refused, and leaves all other versions as they are. Platform
 * packages that the registry does not have are left out, and out of what wants them, as `npm ci` else refuses the lock
 * file.
 */
import { copyFileSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { execute, makeFolder, root } from "./workshop.ts"

interface Entry {
  readonly integrity?: string
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

interface Lock {
  readonly packages: Readonly<Record<string, Entry>>
}

const folders = ["", "bench"]

const read = (folder: string): Lock => JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8"))

const write = (folder: string, lock: Lock): void =>
  writeFileSync(join(folder, "package-lock.json"), `${JSON.stringify(lock, undefined, 2)}\n`)

/** Without the package itself, which stands under the empty path. */
const entriesOf = ({ packages }: Lock) => Object.entries(packages).filter(([path]) => path !== "")

const isHoisted = ({ packages }: Lock, name: string): boolean => `node_modules/${name}` in packages

const problemsOf = (lock: Lock): ReadonlyArray<readonly [path: string, problem: string]> =>
  entriesOf(lock).flatMap(([path, entry]) => {
    const problems = Object.keys(entry.optionalDependencies ?? {}).filter((name) => !isHoisted(lock, name))
      .map((name) => `wants ${name}, which is not there`)
    if (entry.integrity === undefined) problems.push("has no integrity hash")
    if (JSON.stringify({ ...entry, funding: undefined }).includes("://")) problems.push("names a host")
    return problems.map((problem) => [path, problem] as const)
  })

const renew = async (folder: string): Promise<void> => {
  const lock = read(folder)
  const home = makeFolder()
  copyFileSync(join(folder, "package.json"), join(home, "package.json"))
  const refused = new Set(problemsOf(lock).map(([path]) => path))
  write(home, {
    ...lock,
    packages: Object.fromEntries(Object.entries(lock.packages).filter(([path]) => !refused.has(path)))
  })
  const flags = [
    "--package-lock-only",
    "--ignore-scripts",
    "--omit-lockfile-registry-resolved",
    "--no-audit",
    "--no-fund"
  ]
  const { ok, output } = await execute("npm", ["install", ...flags], { cwd: home })
  if (!ok) throw new Error(output)
  const renewed = read(home)
  const packages = Object.entries(renewed.packages).map(([path, { optionalDependencies, ...entry }]) => {
    const there = Object.entries(optionalDependencies ?? {}).filter(([name]) => isHoisted(renewed, name))
    return [path, there.length === 0 ? entry : { ...entry, optionalDependencies: Object.fromEntries(there) }]
  })
  write(folder, { ...renewed, packages: Object.fromEntries(packages) })
}

for (const name of folders) {
  const folder = join(root, name)
  if (process.argv.includes("--write")) await renew(folder)
  for (const [path, problem] of problemsOf(read(folder))) {
    console.error(`${join(name, "package-lock.json")}: ${path} ${problem}`)
    process.exitCode = 1
  }
}
