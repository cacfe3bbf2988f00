// Sets one monthly budget limit for all projects that the caller owns.
//
//     KEY=aic_... node dist/examples/set_limits.js 250 [--only-unset] [--url http://127.0.0.1:8000]
//
// Exit status: 0 all set, 1 some were refused, 2 wrong usage.

import { createTRPCClient, httpBatchLink, TRPCClientError } from "@trpc/client";
import { parseArgs } from "node:util";
import type { AppRouter, Project } from "../src/index.js";

const MOST_LIMITS = 100; // in one call

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    url: { type: "string", default: "http://127.0.0.1:8000" },
    "only-unset": { type: "boolean", default: false },
  },
});
const [limitDollars] = positionals;
const key = process.env["KEY"];
if (limitDollars === undefined || key === undefined) {
  console.error("usage: KEY=... set_limits DOLLARS [--only-unset] [--url URL]");
  process.exit(2);
}

const client = createTRPCClient<AppRouter>({
  links: [httpBatchLink({ url: `${values.url}/trpc`, headers: { authorization: `Bearer ${key}` } })],
});

async function* ownProjects(): AsyncGenerator<Project> {
  let after: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof client.projects.list.query>> =
      await client.projects.list.query({ filter: { ownedByViewer: true }, first: 100, after });
    yield* page.nodes;
    after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
  } while (after !== null);
}

async function main(limitDollars: string): Promise<number> {
  const names = new Map<string, string>();
  for await (const project of ownProjects()) {
    if (!values["only-unset"] || project.budget.limit === null) {
      names.set(project.id, project.name);
    }
  }
  const ids = [...names.keys()];
  let refused = 0;
  for (let start = 0; start < ids.length; start += MOST_LIMITS) {
    const limits = ids
      .slice(start, start + MOST_LIMITS)
      .map((projectId) => ({ projectId, limitDollars }));
    const { results } = await client.budgets.setMany.mutate({ limits });
    for (const { projectId, budget, userErrors } of results) {
      const outcome = userErrors[0]?.message ?? `$${budget?.limitExact}, ${budget?.status}`;
      console.log(`${names.get(projectId)}: ${outcome}`);
      refused += userErrors.length > 0 ? 1 : 0;
    }
  }
  console.log(`${ids.length - refused} set, ${refused} refused`);
  return refused > 0 ? 1 : 0;
}

try {
  process.exitCode = await main(limitDollars);
} catch (error) {
  if (!(error instanceof TRPCClientError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
