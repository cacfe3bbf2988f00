// Asks a running server over each of tRPC's links, and GraphQL; prints what came, as JSON.
//
//     URL=http://127.0.0.1:8000 KEY=aic_... PROJECT=proj_... node dist/check/links.js

import {
  createTRPCClient,
  httpBatchLink,
  httpBatchStreamLink,
  httpLink,
  TRPCClientError,
} from "@trpc/client";
import { GraphQLClient, GraphQLRequestError, type AppRouter } from "../src/index.js";

const { URL: base, KEY: key, PROJECT: projectId = "" } = process.env;
const headers = { authorization: `Bearer ${key}` };
const links = { httpLink, httpBatchLink, httpBatchStreamLink };

/** Notes how many requests were made, and with which methods and statuses. */
function counting(seen: string[]): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    seen.push(`${init?.method ?? "GET"} ${response.status}`);
    return response;
  };
}

function outcome(result: PromiseSettledResult<unknown>): unknown {
  if (result.status === "fulfilled") return { data: result.value };
  const error = result.reason as TRPCClientError<AppRouter>;
  if (!(error instanceof TRPCClientError)) return { thrown: String(error) };
  return { message: error.message, number: error.shape?.code, data: error.data };
}

async function over(name: keyof typeof links): Promise<unknown> {
  const seen: string[] = [];
  const url = `${base}/trpc`;
  const client = createTRPCClient<AppRouter>({
    links: [links[name]({ url, headers, fetch: counting(seen) as never })],
  });
  const unknown = client as unknown as { aiCost: { nope: { query(): Promise<unknown> } } };
  const queries = await Promise.allSettled([
    client.aiCost.getMonthlySummary.query({ projectId }),
    client.aiCost.getMonthlyTrend.query({ projectId, months: 3 }),
    client.aiCost.getCrossProjectSummary.query(),
    client.aiCost.getRecentTransactions.query({ projectId }),
    client.aiCost.getMonthlySummary.query({ projectId: "proj_x" }),
    client.aiCost.getMonthlyTrend.query({ projectId, months: 0 }),
    client.aiCost.getMonthlySummary.query({ projectId, month: "2026-13" }),
    unknown.aiCost.nope.query(),
    client.viewer.get.query(),
  ]);
  const mutations = await Promise.allSettled([
    client.aiCost.setBudgetLimit.mutate({ projectId, limitDollars: 250.25 }),
    client.aiCost.setBudgetLimit.mutate({ projectId, limitDollars: -1 }),
    client.aiCost.setBudgetLimit.mutate({ projectId, limitDollars: Number.NaN }),
  ]);
  return { seen, queries: queries.map(outcome), mutations: mutations.map(outcome) };
}

async function graphql(): Promise<unknown> {
  const client = new GraphQLClient({ url: `${base}/graphql`, headers });
  const data = await client.query({
    monthlySummary: [
      { projectId },
      { totalCost: true, budgetLimit: true, topRuns: [{ limit: 2 }, { runId: true, cost: true }] },
    ],
    node: [{ id: projectId }, { on: { Project: { name: true } } }],
  });
  const set = await client.mutate({
    setBudgetLimit: [
      { input: { projectId, limitDollars: "99.5" } },
      { budget: { limit: true }, userErrors: { message: true } },
    ],
  });
  const refused = await client.query({ project: [{ id: "proj_x" }, { name: true }] }).then(
    () => null,
    (error: unknown) => (error instanceof GraphQLRequestError ? error.errors : String(error)),
  );
  return { data, set, refused };
}

const answers: Record<string, unknown> = {};
for (const name of Object.keys(links) as Array<keyof typeof links>) answers[name] = await over(name);
answers["graphql"] = await graphql();
console.log(JSON.stringify(answers));
