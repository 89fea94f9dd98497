/**
 * `npm run verify`: what `npm test` can't see. `npm run verify -- package`: the package as a stranger uses it;
 * `npm run verify -- hosts`: the scenarios in every host; `npm run verify -- pictures`: pictures and traces in a browser;
 * `npm run verify -- terminal`: the monitor in a terminal; `npm run verify -- cluster`: the cluster executor on PostgreSQL;
 * `npm run verify -- drift`: what the benchmarks' workloads take, by counting. Exit code 1 if anything fails.
 */
const parts: Readonly<Record<string, () => Promise<unknown>>> = {
  package: () => import("./verify-package.ts"),
  hosts: () => import("./verify-hosts.ts"),
  pictures: () => import("./verify-pictures.ts"),
  terminal: () => import("./verify-terminal.ts"),
  cluster: () => import("./verify-cluster.ts"),
  // By address: what it imports is compared with packages of its own, which tsc would look for.
  drift: () => import(new URL("../bench/drift.ts", import.meta.url).href)
}

const named = process.argv.slice(2).filter((argument) => !argument.startsWith("-"))
for (const name of named.length === 0 ? Object.keys(parts) : named) {
  const part = parts[name]
  if (part === undefined) throw new Error(`verify: ${name} is none of ${Object.keys(parts).join(", ")}`)
  await part()
}
