// What 003 prints, and what must not compile: checked by the compiler, never run.

import { createTRPCClient, httpBatchLink, TRPCClientError } from "@trpc/client";
import type { inferRouterInputs, inferRouterOutputs } from "@trpc/server";
import { GraphQLClient, type AppRouter } from "../src/index.js";

interface MonthlySummary {
  totalCost: number;
  totalTokens: number;
  totalJobs: number;
  agentBreakdown: Array<{
    agentType: string;
    totalJobs: number;
    cost: number;
    pctOfTotal: number;
    inputTokens: number;
    outputTokens: number;
    successRate: number | null;
  }>;
  topRuns: Array<{
    runId: string;
    status: string;
    trigger: string | null;
    startedAt: string;
    jobCount: number;
    totalTokens: number;
    cost: number;
  }>;
  budgetLimit: number | null;
  budgetPct: number | null;
}
type MonthlyTrend = Array<{ month: string; cost: number; totalTokens: number; jobCount: number }>;

type Inputs = inferRouterInputs<AppRouter>["aiCost"];
type Outputs = inferRouterOutputs<AppRouter>["aiCost"];
export const set: Inputs["setBudgetLimit"] = { projectId: "proj_x", limitDollars: "0.1" };
export const month: (summary: Outputs["getMonthlySummary"]) => string = (summary) => summary.month;

export async function contract(projectId: string): Promise<void> {
  const client = createTRPCClient<AppRouter>({ links: [httpBatchLink({ url: "/trpc" })] });
  const summary: MonthlySummary = await client.aiCost.getMonthlySummary.query({ projectId });
  const trend: MonthlyTrend = await client.aiCost.getMonthlyTrend.query({ projectId });
  const all = await client.aiCost.getCrossProjectSummary.query();
  const recent = await client.aiCost.getRecentTransactions.query({ projectId });
  const set = await client.aiCost.setBudgetLimit.mutate({ projectId, limitDollars: 250 });
  const texts: string[] = [summary.agentBreakdown[0]?.agentType ?? "", all.month, trend[0]!.month];
  const figures: Array<number | null> = [all.totalCost, recent[0]!.cost, set.budget?.limit ?? null];
  const exact: string | null = recent[0]!.costExact;
  void [texts, figures, exact];

  // @ts-expect-error - a project is needed
  await client.aiCost.getMonthlySummary.query();
  // @ts-expect-error - nobody has this field
  await client.aiCost.getMonthlySummary.query({ projectId, mont: "2026-01" });
  // @ts-expect-error - a mutation is no query
  await client.aiCost.setBudgetLimit.query({ projectId, limitDollars: 1 });
  // @ts-expect-error - there is no such procedure
  await client.aiCost.getYearlySummary.query({ projectId });
}

export function told(error: unknown): string[] {
  if (!(error instanceof TRPCClientError)) return [];
  const typed = error as TRPCClientError<AppRouter>;
  return typed.data?.userErrors?.map(({ code, message }) => `${code}: ${message}`) ?? [];
}

export async function graphql(client: GraphQLClient, projectId: string): Promise<void> {
  const answer = await client.query({
    monthlySummary: [{ projectId }, { totalCost: true, topRuns: [{ limit: 3 }, { runId: true }] }],
    projects: { nodes: { name: true, budget: { status: true } } },
    node: [{ id: projectId }, { on: { Project: { name: true } } }],
  });
  const cost: string | undefined = answer.monthlySummary?.totalCost;
  const runs: string[] = answer.monthlySummary?.topRuns.map((run) => run.runId) ?? [];
  const status: "NONE" | "OK" | "WARNING" | "EXCEEDED" | undefined =
    answer.projects?.nodes[0]?.budget.status;
  const name = answer.node?.__typename === "Project" ? answer.node.name : "";
  void [cost, runs, status, name];

  // @ts-expect-error - it was not asked for
  void answer.monthlySummary?.totalTokens;
  // @ts-expect-error - there is no such field
  await client.query({ monthlySummary: [{ projectId }, { totalCosts: true }] });
  // @ts-expect-error - a project is needed
  await client.query({ monthlySummary: { totalCost: true } });
}
