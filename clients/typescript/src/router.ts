// Written by `make schema`; changes here are lost.

import type {
  TRPCBuiltRouter,
  TRPCMutationProcedure,
  TRPCQueryProcedure,
  TRPC_ERROR_CODE_KEY,
  TRPC_ERROR_CODE_NUMBER,
} from "@trpc/server";
import type * as schema from "./schema.js";
import type {
  AlertKind,
  AlertSeverity,
  BillingMode,
  BudgetStatus,
  CallOutcome,
  CapAction,
  CapPeriod,
  CapScope,
  CapStatus,
  CreditGrantKind,
  DenialReason,
  EntryType,
  Granularity,
  Initiator,
  JobStatus,
  Operation,
  PriceSource,
  RepricingStatus,
  ReservationStatus,
  Role,
  RunStatus,
  SpendUnit,
  Surface,
  TokenClass,
  TokenUsageEmptyState,
  TransactionKind,
  UnpricedPolicy,
  UsageStatus,
  UserErrorCode,
} from "./schema.js";

/** One agent's work in a run. */
export interface AgentJob {
  /** Opaque id. */
  id: string;
  /** The caller's own name for it, unique within the run. */
  key: string;
  /** The run it belongs to. */
  run: PipelineRunReference;
  /** Canonical name of the kind of agent. */
  agentType: string;
  /** Name of the kind of agent to show. */
  label: string;
  /** Its colour, `#rrggbb`. */
  color: string;
  /** Who set it to work; null when not attributed. */
  initiator: Initiator | null;
  /** How it stands. */
  status: JobStatus;
  /** When it began. */
  startedAt: string;
  /** When it ended; the job is counted in the period of this instant. */
  finishedAt: string | null;
  /** Dollars so far, unpriced calls left out. */
  cost: number;
  /** `cost` to the last digit. */
  costExact: string;
  /** Transactions without a known price, left out of `cost`. */
  unpricedTransactions: number;
  /** All tokens so far. */
  totalTokens: number;
}

/** Agent jobs, a page at a time. */
export interface AgentJobConnection {
  /** The entries alone. */
  nodes: Array<AgentJob>;
  /** Where the page begins and ends. */
  pageInfo: PageInfo;
}

/** One agent's work in a run. */
export interface AgentJobReference {
  /** Opaque id. */
  id: string;
  /** The caller's own name for it, unique within the run. */
  key: string;
  /** Name of the kind of agent to show. */
  label: string;
}

/** One agent type's part of a month. */
export interface AgentSpend {
  /** Canonical name; `unattributed` for spend outside any job. */
  agentType: string;
  /** Name to show. */
  label: string;
  /** Colour, `#rrggbb`. */
  color: string;
  /** Jobs completed in the month. */
  totalJobs: number;
  /** Dollars, unpriced transactions left out. */
  cost: number;
  /** `cost` to the last digit. */
  costExact: string;
  /** Share of the month's cost, 0..100; 0 when nothing was spent. */
  pctOfTotal: number;
  /** Input tokens, cached ones included. */
  inputTokens: number;
  /** Output tokens, reasoning included. */
  outputTokens: number;
  /** Sum of the two. */
  totalTokens: number;
  /** Jobs that succeeded / jobs that ended, 0..1; null when none ended. */
  successRate: number | null;
  /** Transactions without a known price, left out of `cost`. */
  unpricedTransactions: number;
}

/** A kind of agent, as registered; unknown ones are accepted and shown under their own name. */
export interface AgentType {
  /**
   * Canonical name: lower case, words joined by hyphens (`implementation`, `ui-ux`). Names are
   * matched without regard to case, spaces, `/` and `_`.
   */
  agentType: string;
  /** Name to show (`UI/UX`). */
  label: string;
  /** Colour as `#rrggbb`; derived from the name when unknown, so that it never changes. */
  color: string;
  /** Whether it is in the registry. */
  isKnown: boolean;
}

/** What needs attention (004). */
export interface Alert {
  /** Opaque id, the same as long as the state lasts. */
  id: string;
  /** What it is about. */
  kind: AlertKind;
  /** How bad. */
  severity: AlertSeverity;
  /** For people, one sentence. */
  message: string;
  /** Since when the state lasts. */
  since: string;
  /** When it ends by itself (cycle or period reset); null when it does not. */
  resetsAt: string | null;
  /** What the figures are measured in; null when there are none. */
  unit: SpendUnit | null;
  /** The limit in question; null when there is none. */
  limit: number | null;
  /** `limit` to the last digit. */
  limitExact: string | null;
  /** What was used of it. */
  used: number | null;
  /** `used` to the last digit. */
  usedExact: string | null;
  /** `used` / `limit` * 100; null without a limit or with one of 0. */
  usedPct: number | null;
  /** The project, for budgets; null otherwise. */
  project: ProjectReference | null;
  /** The cap, for caps; null otherwise. */
  cap: CapReference | null;
  /** Path of the dashboard's page on which something can be done about it. */
  actionUrl: string | null;
}

/** One model call through an API key (001). Parts of a streamed call are one row. */
export interface ApiCall {
  /** Identity of the call. */
  id: string;
  /** When: 001's Date. */
  occurredAt: string;
  /** The key; null when it was made without one. */
  apiKey: ApiKeyReference | null;
  /** Who ran the model. */
  provider: string | null;
  /** The model's exact name. */
  model: string;
  /** What the model was asked to do. */
  operation: Operation;
  /** How it ended. */
  outcome: CallOutcome;
  /** Input tokens, cached ones included. */
  inputTokens: number;
  /** Output tokens, reasoning included; null for embeddings. */
  outputTokens: number | null;
  /** The same by class. */
  tokens: TokenCounts;
  /** Completion time. */
  durationMs: number | null;
  /** Dollars per million input tokens; null when unpriced. */
  inputPrice: number | null;
  /** `inputPrice` to the last digit. */
  inputPriceExact: string | null;
  /** Dollars per million output tokens; null when unpriced or for embeddings. */
  outputPrice: number | null;
  /** `outputPrice` to the last digit. */
  outputPriceExact: string | null;
  /** Dollars; null when unpriced. */
  cost: number | null;
  /** `cost` to the last digit. */
  costExact: string | null;
  /** What the money was spent on. */
  project: ProjectReference;
  /** The run; null outside any. */
  run: PipelineRunReference | null;
}

/** API calls, a page at a time, stable while rows arrive. */
export interface ApiCallConnection {
  /** The range, resolved. */
  period: Period;
  /** The entries alone. */
  nodes: Array<ApiCall>;
  /** Where the page begins and ends. */
  pageInfo: PageInfo;
}

/** A credential of a program, and a dimension of spend. The secret is never shown again. */
export interface ApiKey {
  /** Opaque id. */
  id: string;
  /** Name to show. */
  name: string;
  /** First characters of the secret, to recognise it by. */
  prefix: string;
  /** What it may do at its level. */
  role: Role;
  /** The person it acts for; null when it acts for nobody. */
  user: User | null;
  /** The workspace it is for; null for another level, and when out of reach. */
  workspace: Workspace | null;
  /** The project it is for; null for another level, and when out of reach. */
  project: Project | null;
  /** When it was made. */
  createdAt: string;
  /** From when it works no more; null when it never expires. */
  expiresAt: string | null;
  /** When it was revoked; null while it works. */
  revokedAt: string | null;
  /** When it was last used, to the minute; null when never. */
  lastUsedAt: string | null;
}

/** API keys, a page at a time. */
export interface ApiKeyConnection {
  /** The entries alone. */
  nodes: Array<ApiKey>;
  /** Where the page begins and ends. */
  pageInfo: PageInfo;
}

/** Answer to `renameApiKey` and `revokeApiKey`. */
export interface ApiKeyPayload {
  /** The key as it is now; null when refused. */
  apiKey: ApiKey | null;
}

/** A credential of a program, and a dimension of spend. The secret is never shown again. */
export interface ApiKeyReference {
  /** Opaque id. */
  id: string;
  /** Name to show. */
  name: string;
}

/** Answer to `createApiKey` and `rotateApiKey`. */
export interface ApiKeySecretPayload {
  /** The key as it is now; null when refused. */
  apiKey: ApiKey | null;
  /** What a program sends as its credential. Shown this once; null when refused. */
  secret: string | null;
}

/** One API key's part. */
export interface ApiKeySpend {
  /** Calls. */
  requests: number;
  /** Input tokens, cached ones included. */
  inputTokens: number;
  /** Output tokens, reasoning included. */
  outputTokens: number;
  /** Sum of the two. */
  totalTokens: number;
  /** Dollars, unpriced calls left out. */
  cost: number;
  /** `cost` to the last digit. */
  costExact: string;
  /** Transactions without a known price, left out of `cost`. */
  unpricedTransactions: number;
  /** Share of all keys' cost, 0..100; 0 when nothing was spent. */
  pctOfTotal: number;
  /**
   * Half of the calls were at most this long, exact below 32 ms and within 3.2 % above; null
   * when none stated a duration.
   */
  durationP50Ms: number | null;
  /** 95 % of the calls were at most this long, as exact; null when none stated a duration. */
  durationP95Ms: number | null;
  /** Calls that failed / calls, 0..1; null without calls. */
  errorShare: number | null;
  /** The last call in the range. */
  lastUsedAt: string | null;
  /** Which key; null for calls without one and in totals. */
  apiKey: ApiKeyReference | null;
}

/** Spend and speed by API key over a range (001). */
export interface ApiKeyUsage {
  /** Identity of (workspace, range), for caches. */
  id: string;
  /** What it covers. */
  period: Period;
  /** One row for each key that was used, highest cost first, at most 1,000. */
  keys: Array<ApiKeySpend>;
  /** The same calls by provider and model, highest cost first, at most 1,000. */
  models: Array<ModelCalls>;
  /** The same calls by provider, highest cost first, at most 1,000. */
  providers: Array<ModelCalls>;
  /** The same calls by hour of the day, all 24, empty ones included. */
  hours: Array<HourCalls>;
  /** All of them together; `apiKey` is null. */
  totals: ApiKeySpend;
}

/** How an organization pays (004, 000). */
export interface Billing {
  /** In credits or in dollars. */
  billingMode: BillingMode;
  /** Name of the plan, `free` for the free tier. */
  plan: string;
  /** Credits that a cycle opens with; null under BYOM. */
  monthlyCredits: number | null;
  /** `monthlyCredits` to the last digit. */
  monthlyCreditsExact: string | null;
  /** Credits that a dollar of cost takes. */
  creditsPerDollar: number;
  /** `creditsPerDollar` to the last digit. */
  creditsPerDollarExact: string;
  /**
   * Dollars a cycle that are Included, beyond which usage is On-Demand; null: everything is
   * Included.
   */
  includedDollars: number | null;
  /** `includedDollars` to the last digit. */
  includedDollarsExact: string | null;
  /**
   * Day of the month on which cycles begin; the last day of a month that is too short for it.
   */
  cycleAnchorDay: number;
  /** The same from the next cycle on. */
  nextCycleAnchorDay: number;
}

/** A project's monthly threshold. It warns and never blocks; a cap blocks. */
export interface Budget {
  /** Opaque id, one for each project. */
  id: string;
  /** Whose threshold. */
  project: ProjectReference;
  /** Dollars a month; null when none is set, and 0 is a limit. */
  limit: number | null;
  /** `limit` to the last digit. */
  limitExact: string | null;
  /** The running month. */
  month: string;
  /** Dollars of the running month. */
  spent: number;
  /** `spent` to the last digit. */
  spentExact: string;
  /** `limit` minus `spent`, negative when exceeded; null without a limit. */
  remaining: number | null;
  /** `remaining` to the last digit. */
  remainingExact: string | null;
  /** `spent` / `limit` * 100; null without a limit and with a limit of 0. */
  pct: number | null;
  /** Where the month stands. */
  status: BudgetStatus;
  /** When the limit was last changed; null when never. */
  updatedAt: string | null;
  /** Who changed it last; null when never, or a key that belongs to nobody. */
  updatedBy: UserReference | null;
}

/** One change of a budget limit, from the audit table. */
export interface BudgetChange {
  /** When. */
  changedAt: string;
  /** Who; null for a key that belongs to nobody. */
  changedBy: UserReference | null;
  /** The limit before; null when there was none. */
  oldLimit: number | null;
  /** `oldLimit` to the last digit. */
  oldLimitExact: string | null;
  /** The limit after; null when it was removed. */
  newLimit: number | null;
  /** `newLimit` to the last digit. */
  newLimitExact: string | null;
}

/** Changes of a budget limit, a page at a time. */
export interface BudgetChangeConnection {
  /** The entries alone. */
  nodes: Array<BudgetChange>;
  /** Where the page begins and ends. */
  pageInfo: PageInfo;
}

/** A limit that blocks or warns. At most one for each target, period and action. */
export interface Cap {
  /** Opaque id. */
  id: string;
  /** What kind of thing it limits. */
  scope: CapScope;
  /** The thing it limits. */
  target: CapTarget;
  /** The time over which it counts. */
  period: CapPeriod;
  /** What its amounts are measured in. */
  unit: SpendUnit;
  /** The limit. */
  limit: number;
  /** `limit` to the last digit. */
  limitExact: string;
  /** What was spent in the current period. */
  spent: number;
  /** `spent` to the last digit. */
  spentExact: string;
  /** What is held by open reservations. */
  held: number;
  /** `held` to the last digit. */
  heldExact: string;
  /** `limit` minus `spent` minus `held`, never below 0: what may still be reserved. */
  remaining: number;
  /** `remaining` to the last digit. */
  remainingExact: string;
  /** (`spent` + `held`) / `limit` * 100; null with a limit of 0. */
  usedPct: number | null;
  /** How it stands. */
  status: CapStatus;
  /** When `spent` begins at 0 again; null for a whole run. */
  resetsAt: string | null;
  /** What it does when reached. */
  action: CapAction;
  /** What it does about unknown prices. */
  unpricedPolicy: UnpricedPolicy;
  /** Dollars per million input tokens under ASSUME; null otherwise. */
  assumedInputPrice: number | null;
  /** `assumedInputPrice` to the last digit. */
  assumedInputPriceExact: string | null;
  /** Dollars per million output tokens under ASSUME; null otherwise. */
  assumedOutputPrice: number | null;
  /** `assumedOutputPrice` to the last digit. */
  assumedOutputPriceExact: string | null;
  /**
   * The parent run's cap out of which this allowance was given; null when it stands by itself.
   */
  allowanceOf: CapReference | null;
  /** Transactions without a known price, left out of `spent`. */
  unpricedTransactions: number;
  /** When it was last changed. */
  updatedAt: string;
  /** Who changed it last; null for a key that belongs to nobody. */
  updatedBy: UserReference | null;
  /** Whether the viewer may change it. */
  viewerCanChange: boolean;
}

/** Caps, a page at a time. */
export interface CapConnection {
  /** The entries alone. */
  nodes: Array<Cap>;
  /** Where the page begins and ends. */
  pageInfo: PageInfo;
}

/** A limit that blocks or warns. At most one for each target, period and action. */
export interface CapReference {
  /** Opaque id. */
  id: string;
  /** What kind of thing it limits. */
  scope: CapScope;
  /** The time over which it counts. */
  period: CapPeriod;
  /** What its amounts are measured in. */
  unit: SpendUnit;
  /** The limit. */
  limit: number;
  /** `limit` to the last digit. */
  limitExact: string;
  /** What was spent in the current period. */
  spent: number;
  /** `spent` to the last digit. */
  spentExact: string;
  /** What is held by open reservations. */
  held: number;
  /** `held` to the last digit. */
  heldExact: string;
  /** `limit` minus `spent` minus `held`, never below 0: what may still be reserved. */
  remaining: number;
  /** `remaining` to the last digit. */
  remainingExact: string;
  /** (`spent` + `held`) / `limit` * 100; null with a limit of 0. */
  usedPct: number | null;
  /** How it stands. */
  status: CapStatus;
  /** When `spent` begins at 0 again; null for a whole run. */
  resetsAt: string | null;
  /** What it does when reached. */
  action: CapAction;
  /** What it does about unknown prices. */
  unpricedPolicy: UnpricedPolicy;
  /** Dollars per million input tokens under ASSUME; null otherwise. */
  assumedInputPrice: number | null;
  /** `assumedInputPrice` to the last digit. */
  assumedInputPriceExact: string | null;
  /** Dollars per million output tokens under ASSUME; null otherwise. */
  assumedOutputPrice: number | null;
  /** `assumedOutputPrice` to the last digit. */
  assumedOutputPriceExact: string | null;
  /** Transactions without a known price, left out of `spent`. */
  unpricedTransactions: number;
  /** When it was last changed. */
  updatedAt: string;
  /** Whether the viewer may change it. */
  viewerCanChange: boolean;
}

/** What a cap would have done to the past. */
export interface CapRehearsal {
  /** What was replayed. */
  period: Period;
  /** What amounts are measured in. */
  unit: SpendUnit;
  /** Calls that would have been blocked. */
  blockedCalls: number;
  /** What they cost. */
  blockedAmount: number;
  /** `blockedAmount` to the last digit. */
  blockedAmountExact: string;
  /** Transactions without a known price, left out. */
  unpricedTransactions: number;
  /** Each period in which the cap would have struck, oldest first, at most 400. */
  strikes: Array<CapStrike>;
}

/** One period in which a rehearsed cap would have struck. */
export interface CapStrike {
  /** The cap's period. */
  period: Period;
  /** When it would have struck first. */
  struckAt: string;
  /** Calls blocked from then on. */
  blockedCalls: number;
  /** What they cost. */
  blockedAmount: number;
  /** `blockedAmount` to the last digit. */
  blockedAmountExact: string;
}

/** What a cap may be set on. */
export type CapTarget =
  | ({ __typename: "Organization" } & OrganizationReference)
  | ({ __typename: "WorkspaceGroup" } & WorkspaceGroupReference)
  | ({ __typename: "Workspace" } & WorkspaceReference)
  | ({ __typename: "Project" } & ProjectReference)
  | ({ __typename: "PipelineRun" } & PipelineRunReference)
  | ({ __typename: "ApiKey" } & ApiKeyReference)
  | ({ __typename: "User" } & UserReference);

/** Answer to `createDownload`. */
export interface CreateDownloadPayload {
  /** Path on this server, for one download; null when refused. */
  url: string | null;
  /** Until when it works, one minute from now; null when refused. */
  expiresAt: string | null;
}

/** One bucket of credits in the running cycle. */
export interface CreditBucket {
  /** Credits there were to use. */
  allocation: number;
  /** `allocation` to the last digit. */
  allocationExact: string;
  /** Credits used. */
  used: number;
  /** `used` to the last digit. */
  usedExact: string;
  /** Credits left. */
  remaining: number;
  /** `remaining` to the last digit. */
  remainingExact: string;
  /** When it is filled again; null for bonus credits. */
  resetsAt: string | null;
}

/** Credits that came or lapsed. Never edited. */
export interface CreditGrant {
  /** Why. */
  kind: CreditGrantKind;
  /** How many; negative when they lapsed or were taken back. */
  credits: number;
  /** `credits` to the last digit. */
  creditsExact: string;
  /** When. */
  grantedAt: string;
  /** Who; null for the program itself and for keys of nobody. */
  grantedBy: UserReference | null;
  /** When the cycle began that was running. */
  cycleStart: string;
  /** What for, in words. */
  reason: string;
}

/** Grants of credits, a page at a time. */
export interface CreditGrantConnection {
  /** The entries alone. */
  nodes: Array<CreditGrant>;
  /** Where the page begins and ends. */
  pageInfo: PageInfo;
}

/** One entry of the ledger. Never edited. */
export interface CreditTransaction {
  /** Opaque id. */
  id: string;
  /** What it is. */
  kind: TransactionKind;
  /** When the call was made. */
  occurredAt: string;
  /** When it was written. */
  recordedAt: string;
  /** Dollars; null when no price was known, negative when an adjustment gives back. */
  cost: number | null;
  /** `cost` to the last digit. */
  costExact: string | null;
  /** What the source said it cost, when it did. */
  sourceCost: number | null;
  /** `sourceCost` to the last digit. */
  sourceCostExact: string | null;
  /** Within or beyond the monthly limit. */
  entryType: EntryType;
  /** The part of `cost` beyond the limit; null when unpriced. */
  onDemandCost: number | null;
  /** `onDemandCost` to the last digit. */
  onDemandCostExact: string | null;
  /** What the money was spent on. */
  project: ProjectReference;
  /** Same as `run.id` (003's name); null outside any run. */
  runId: string | null;
  /** The run; null outside any. */
  run: PipelineRunReference | null;
  /** Same as `job.id`; null outside any job. */
  jobId: string | null;
  /** The agent job; null outside any. */
  job: AgentJobReference | null;
  /** Canonical name of the kind of agent; `unattributed` outside any job. */
  agentType: string;
  /** Name of the kind of agent to show. */
  label: string;
  /** Its colour, `#rrggbb`. */
  color: string;
  /** Who set the agent to work; null when not attributed. */
  initiator: Initiator | null;
  /** Where it was asked; null when not known. */
  surface: Surface | null;
  /** The key that called; null when none. */
  apiKey: ApiKeyReference | null;
  /** The person it counts for; null when none. */
  user: UserReference | null;
  /** Who ran the model; null when the source did not say and it could not be found out. */
  provider: string | null;
  /** The model's exact name; null for adjustments over several. */
  model: string | null;
  /** What the model was asked to do. */
  operation: Operation;
  /** How the call ended. */
  outcome: CallOutcome;
  /** Input tokens, cached ones included. */
  inputTokens: number;
  /** Output tokens, reasoning included; 0 for embeddings. */
  outputTokens: number;
  /** Sum of the two. */
  totalTokens: number;
  /** The same by class. */
  tokens: TokenCounts;
  /** Dollars per million input tokens that applied; null when unpriced. */
  inputPrice: number | null;
  /** `inputPrice` to the last digit. */
  inputPriceExact: string | null;
  /** Dollars per million output tokens that applied; null when unpriced or for embeddings. */
  outputPrice: number | null;
  /** `outputPrice` to the last digit. */
  outputPriceExact: string | null;
  /** How long the call took. */
  durationMs: number | null;
  /** The caller's name for the event, once only in the organization. */
  eventKey: string;
  /**
   * The call this is a part of: entries of one streamed call share it; else the same as
   * `eventKey`.
   */
  callKey: string;
  /** Why it was posted, for adjustments. */
  reason: string | null;
  /** The entry it corrects; null for usage and for adjustments over several. */
  corrects: CreditTransactionReference | null;
}

/** Entries of the ledger, a page at a time. */
export interface CreditTransactionConnection {
  /** The entries alone. */
  nodes: Array<CreditTransaction>;
  /** Where the page begins and ends. */
  pageInfo: PageInfo;
}

/** One entry of the ledger. Never edited. */
export interface CreditTransactionReference {
  /** Opaque id. */
  id: string;
  /** Name of the kind of agent to show. */
  label: string;
}

/** Allocation and use in the running billing cycle (004). */
export interface CreditUsage {
  /** Identity of (organization, cycle), for caches. */
  id: string;
  /** What all amounts here are measured in: credits, or dollars under BYOM. */
  unit: SpendUnit;
  /** The billing cycle. */
  period: Period;
  /** When these figures were read. */
  asOf: string;
  /** What may be used: both buckets, or the spend cap under BYOM; null without a limit. */
  allocation: number | null;
  /** `allocation` to the last digit. */
  allocationExact: string | null;
  /** What was used in the cycle. */
  used: number;
  /** `used` to the last digit. */
  usedExact: string;
  /** What is left; null without a limit. */
  remaining: number | null;
  /** `remaining` to the last digit. */
  remainingExact: string | null;
  /** `used` / `allocation` * 100; null without a limit or with one of 0. */
  usedPct: number | null;
  /** Credits of the plan; null under BYOM. */
  monthly: CreditBucket | null;
  /** Bonus credits; null under BYOM. */
  bonus: CreditBucket | null;
  /** The blocking monthly cap under BYOM; null without one. */
  spendCap: CapReference | null;
  /** Whole days since the cycle began, today not counted. */
  daysElapsed: number;
  /** Whole days until the cycle ends, today counted. */
  daysRemaining: number;
  /** `used` by elapsed time, a day. */
  averagePerDay: number;
  /** `averagePerDay` to the last digit. */
  averagePerDayExact: string;
  /** When it will be used up; null without a limit or without use. */
  runOut: RunOut | null;
  /** What will have been used at the cycle's end. */
  projectedTotal: number;
  /** `projectedTotal` to the last digit. */
  projectedTotalExact: string;
  /** Low estimate of the same. */
  projectedTotalLow: number;
  /** `projectedTotalLow` to the last digit. */
  projectedTotalLowExact: string;
  /** High estimate of the same. */
  projectedTotalHigh: number;
  /** `projectedTotalHigh` to the last digit. */
  projectedTotalHighExact: string;
  /** Transactions without a known price, left out of `used`. */
  unpricedTransactions: number;
}

/** One month over all projects that the caller owns or may see (003). */
export interface CrossProjectSummary {
  /** Identity of (viewer, organization, month), for caches. */
  id: string;
  /** Which month; in each project's own organization's zone. */
  month: string;
  /** When these figures were read. */
  asOf: string;
  /** Dollars, unpriced transactions left out. */
  totalCost: number;
  /** `totalCost` to the last digit. */
  totalCostExact: string;
  /** All tokens. */
  totalTokens: number;
  /** Jobs completed in the month. */
  totalJobs: number;
  /** Transactions without a known price, left out of `totalCost`. */
  unpricedTransactions: number;
  /** Dollars of the whole month before. */
  previousCost: number;
  /** `previousCost` to the last digit. */
  previousCostExact: string;
  /** `totalCost` minus `previousCost`. */
  costChange: number;
  /** `costChange` to the last digit. */
  costChangeExact: string;
  /** Sum of the limits of projects that have one; null when none has. */
  totalBudget: number | null;
  /** `totalBudget` to the last digit. */
  totalBudgetExact: string | null;
  /** Dollars of the projects that have a limit: what `totalBudget` compares with. */
  budgetedCost: number;
  /** `budgetedCost` to the last digit. */
  budgetedCostExact: string;
  /** `budgetedCost` / `totalBudget` * 100; null when `totalBudget` is null or 0. */
  budgetPct: number | null;
  /** How many projects are summed, shown or not. */
  projectCount: number;
  /** How many of them are at WARNING. */
  warningCount: number;
  /** How many of them are EXCEEDED. */
  exceededCount: number;
  /** Projects, highest cost first, those without spend included. */
  projects: Array<ProjectSpend>;
}

/** One day of a series. */
export interface DailyPoint {
  /** Which local day. */
  date: string;
  /** The day as instants; 23 to 25 hours. */
  period: Period;
  /** Dollars, unpriced transactions left out. */
  cost: number;
  /** `cost` to the last digit. */
  costExact: string;
  /** All tokens. */
  totalTokens: number;
  /** Jobs completed on the day. */
  jobCount: number;
  /** Transactions without a known price, left out of `cost`. */
  unpricedTransactions: number;
}

/** Answer to `grantCredits`. */
export interface GrantCreditsPayload {
  /** The organization as it is now; null when refused. */
  organization: Organization | null;
  /** Whether the key had granted before, so that nothing was changed. */
  isDuplicate: boolean;
}

/** Answer to `grantMembership`. */
export interface GrantMembershipPayload {
  /** The membership as it is now; null when refused. */
  membership: Membership | null;
}

/** One hour of the day over all days of the range. */
export interface HourCalls {
  /** Calls. */
  requests: number;
  /** Input tokens, cached ones included. */
  inputTokens: number;
  /** Output tokens, reasoning included. */
  outputTokens: number;
  /** Sum of the two. */
  totalTokens: number;
  /** Dollars, unpriced calls left out. */
  cost: number;
  /** `cost` to the last digit. */
  costExact: string;
  /** Transactions without a known price, left out of `cost`. */
  unpricedTransactions: number;
  /** The local hour that it begins with, 0 to 23. */
  hour: number;
}

/** One day of tokens by initiator; the four add up to the day's tokens. */
export interface InitiatorDay {
  /** Which local day. */
  date: string;
  /** Tokens of chat sessions: 002's main agent. */
  chatAgent: number;
  /** Tokens of task agents. */
  taskAgent: number;
  /** Tokens of the heartbeat. */
  heartbeat: number;
  /** Tokens that nobody is named for. */
  unattributed: number;
}

/** Token usage by who made the request. */
export interface InitiatorSeries {
  /** Whether to show the chart: task agents or the heartbeat used tokens. */
  isShown: boolean;
  /** One point a day, oldest first, empty days included. */
  days: Array<InitiatorDay>;
}

/** A person's role at the organization as a whole, at a workspace or at a project. */
export interface Membership {
  /** Identity, for caches. */
  id: string;
  /** Who has the role. */
  user: UserReference;
  /** The role. */
  role: Role;
  /** Where, for a role at a workspace; null otherwise. */
  workspace: WorkspaceReference | null;
  /** Where, for a role at a project; null otherwise. */
  project: ProjectReference | null;
}

/** Memberships, a page at a time. */
export interface MembershipConnection {
  /** The entries alone. */
  nodes: Array<Membership>;
  /** Where the page begins and ends. */
  pageInfo: PageInfo;
}

/** One model's part, or that of all models of one provider. */
export interface ModelCalls {
  /** Calls. */
  requests: number;
  /** Input tokens, cached ones included. */
  inputTokens: number;
  /** Output tokens, reasoning included. */
  outputTokens: number;
  /** Sum of the two. */
  totalTokens: number;
  /** Dollars, unpriced calls left out. */
  cost: number;
  /** `cost` to the last digit. */
  costExact: string;
  /** Transactions without a known price, left out of `cost`. */
  unpricedTransactions: number;
  /** Share of all keys' cost, 0..100; 0 when nothing was spent. */
  pctOfTotal: number;
  /**
   * Half of the calls were at most this long, exact below 32 ms and within 3.2 % above; null
   * when none stated a duration.
   */
  durationP50Ms: number | null;
  /** 95 % of the calls were at most this long, as exact; null when none stated a duration. */
  durationP95Ms: number | null;
  /** Calls that failed / calls, 0..1; null without calls. */
  errorShare: number | null;
  /** The last call in the range. */
  lastUsedAt: string | null;
  /** Who ran the model; null when not known. */
  provider: string | null;
  /** The model's exact name; null in what is summed by provider. */
  model: string | null;
}

/** One provider's model, or all together. */
export interface ModelSpend {
  /** Who ran the model; null in totals and when not known. */
  provider: string | null;
  /** The model's exact name; null in totals. */
  model: string | null;
  /** Requests. */
  requests: number;
  /** Input tokens. */
  inputTokens: number;
  /** Output tokens. */
  outputTokens: number;
  /** Sum of the two. */
  totalTokens: number;
  /** Dollars; null when none of its requests had a price: show unpriced, not $0.00. */
  cost: number | null;
  /** `cost` to the last digit. */
  costExact: string | null;
  /** Share of the cost, 0..100; null when `cost` is. */
  pctOfTotal: number | null;
  /** Transactions without a known price, left out of `cost`. */
  unpricedTransactions: number;
}

/** One month of a trend. */
export interface MonthlyPoint {
  /** Which month. */
  month: string;
  /** The month as instants. */
  period: Period;
  /** Dollars, unpriced transactions left out. */
  cost: number;
  /** `cost` to the last digit. */
  costExact: string;
  /** All tokens. */
  totalTokens: number;
  /** Jobs completed in the month. */
  jobCount: number;
  /** Transactions without a known price, left out of `cost`. */
  unpricedTransactions: number;
}

/** A project's spend in one month (003). */
export interface MonthlySummary {
  /** Identity of (project, month), for caches. */
  id: string;
  /** Whose spend. */
  project: ProjectReference;
  /** Which month. */
  month: string;
  /** IANA zone in which the month begins. */
  timeZone: string;
  /** The month as instants. */
  period: Period;
  /** When these figures were read; of two answers the later one holds. */
  asOf: string;
  /** Dollars, unpriced transactions left out. */
  totalCost: number;
  /** `totalCost` to the last digit. */
  totalCostExact: string;
  /** Input and output tokens. */
  totalTokens: number;
  /** Input tokens, cached ones included. */
  inputTokens: number;
  /** Output tokens, reasoning included. */
  outputTokens: number;
  /** Agent jobs completed in the month. */
  totalJobs: number;
  /** Transactions without a known price, left out of `totalCost`. */
  unpricedTransactions: number;
  /** Dollars of the whole month before. */
  previousCost: number;
  /** `previousCost` to the last digit. */
  previousCostExact: string;
  /** `totalCost` minus `previousCost`. */
  costChange: number;
  /** `costChange` to the last digit. */
  costChangeExact: string;
  /** The limit in force at the end of the month, now in the running one; null when none. */
  budgetLimit: number | null;
  /** `budgetLimit` to the last digit. */
  budgetLimitExact: string | null;
  /** `totalCost` / `budgetLimit` * 100; null without a limit and with a limit of 0. */
  budgetPct: number | null;
  /** Where the month stands against the limit. */
  budgetStatus: BudgetStatus;
  /** `budgetLimit` minus `totalCost`, negative when exceeded; null without a limit. */
  budgetRemaining: number | null;
  /** `budgetRemaining` to the last digit. */
  budgetRemainingExact: string | null;
  /** Spend by agent type, highest cost first; sums to the totals. */
  agentBreakdown: Array<AgentSpend>;
  /** The most expensive runs of the month, highest first. */
  topRuns: Array<RunSpend>;
}

/** A tenant: billing account, time zone, billing cycle. 004's enterprise. */
export interface Organization {
  /** Opaque id. */
  id: string;
  /** Name to show. */
  name: string;
  /** IANA time zone in which days, months and cycles begin. */
  timeZone: string;
  /** How it pays. */
  billingMode: BillingMode;
  /** Name of the plan, `free` for the free tier. */
  plan: string;
  /** Today in its zone: what `dailySpend` ends with. */
  today: string;
  /** The running month in its zone: what an omitted `month` means. */
  currentMonth: string;
  /** The running billing cycle. */
  billingCycle: Period;
  /** The viewer's role here; null when only a workspace or project below was shared. */
  viewerRole: Role | null;
  /**
   * Whether the viewer may see organization figures (`creditUsage`, `tokenUsage`, `top...`,
   * `alerts`, `caps`).
   */
  viewerCanSeeFigures: boolean;
}

/** A tenant: billing account, time zone, billing cycle. 004's enterprise. */
export interface OrganizationReference {
  /** Opaque id. */
  id: string;
  /** Name to show. */
  name: string;
}

/** Where a page of a connection begins and ends. */
export interface PageInfo {
  /** Whether entries follow this page. */
  hasNextPage: boolean;
  /** Whether entries precede this page. */
  hasPreviousPage: boolean;
  /** Cursor of the first entry; null on an empty page. */
  startCursor: string | null;
  /** Cursor of the last entry; null on an empty page. */
  endCursor: string | null;
}

/** A stretch of time, half-open: `start` belongs to it, `end` does not. */
export interface Period {
  /** First instant in it. */
  start: string;
  /** First instant after it. */
  end: string;
  /** First local day in it. */
  firstDate: string;
  /** Last local day in it. */
  lastDate: string;
  /** IANA name of the zone in which its days and months begin: the organization's. */
  timeZone: string;
  /**
   * Whether it is over; figures of a period that is not over still grow, those of one that is
   * over change by corrections only.
   */
  isOver: boolean;
}

/** One execution of a workflow: 000's execution, 003's pipeline run. */
export interface PipelineRun {
  /** Opaque id. */
  id: string;
  /** The caller's own name for it, unique within the project. */
  key: string;
  /** What its money was spent on. */
  project: Project;
  /** Name of the workflow. */
  workflow: string | null;
  /** What set it off, in the caller's words (`schedule`, `manual`). */
  trigger: string | null;
  /** How it stands. */
  status: RunStatus;
  /** When it began: as stated, else the first event's time. */
  startedAt: string;
  /** When it ended; null while running. */
  finishedAt: string | null;
  /** Dollars over its whole life, unpriced calls left out. */
  cost: number;
  /** `cost` to the last digit. */
  costExact: string;
  /** Transactions without a known price, left out of `cost`. */
  unpricedTransactions: number;
  /** All tokens over its whole life. */
  totalTokens: number;
  /** Completed agent jobs. */
  jobCount: number;
}

/** Pipeline runs, a page at a time. */
export interface PipelineRunConnection {
  /** The entries alone. */
  nodes: Array<PipelineRun>;
  /** Where the page begins and ends. */
  pageInfo: PageInfo;
}

/** One execution of a workflow: 000's execution, 003's pipeline run. */
export interface PipelineRunReference {
  /** Opaque id. */
  id: string;
  /** The caller's own name for it, unique within the project. */
  key: string;
}

/**
 * Dollars for one class of one model at one provider from one instant on. Appended, never
 * edited.
 */
export interface Price {
  /** Opaque id. */
  id: string;
  /** Who runs the model. */
  provider: string;
  /** The model's name, or the pattern that it matches. */
  model: string;
  /** Which tokens. */
  tokenClass: TokenClass;
  /** Dollars per million tokens. */
  dollarsPerMillion: number;
  /** `dollarsPerMillion` to the last digit. */
  dollarsPerMillionExact: string;
  /** From this many input tokens in the call on; 0 for the first tier. */
  minInputTokens: number;
  /** Service tier (`batch`, `priority`); null for the standard one. */
  serviceTier: string | null;
  /** First instant at which it applies. */
  startsAt: string;
  /** First instant at which a later one applies; null while it is the latest. */
  endsAt: string | null;
  /** Where it comes from. */
  source: PriceSource;
}

/** Prices, a page at a time. */
export interface PriceConnection {
  /** The entries alone. */
  nodes: Array<Price>;
  /** Where the page begins and ends. */
  pageInfo: PageInfo;
}

/** What money is spent on: 003's product. */
export interface Project {
  /** Opaque id. */
  id: string;
  /** Name to show. */
  name: string;
  /** The workspace it belongs to. */
  workspace: Workspace;
  /** The tenant it belongs to. */
  organization: Organization;
  /** Who answers for its spend; null once that person has left. */
  owner: User | null;
  /** The organization's IANA time zone. */
  timeZone: string;
  /** When it was made. */
  createdAt: string;
  /** The viewer's role here, inherited from above where that is higher. */
  viewerRole: Role;
  /** Whether the viewer may call `setBudgetLimit` for it. */
  viewerCanSetBudget: boolean;
  /** Its monthly threshold; always there, with a null `limit` when none is set. */
  budget: Budget;
}

/** Projects, a page at a time. */
export interface ProjectConnection {
  /** The entries alone. */
  nodes: Array<Project>;
  /** Where the page begins and ends. */
  pageInfo: PageInfo;
}

/** Answer to `createProject`, `renameProject` and `setProjectOwner`. */
export interface ProjectPayload {
  /** The project as it is now; null when refused. */
  project: Project | null;
}

/** What money is spent on: 003's product. */
export interface ProjectReference {
  /** Opaque id. */
  id: string;
  /** Name to show. */
  name: string;
}

/** One project's part of a cross-project summary. */
export interface ProjectSpend {
  /** Which project. */
  project: ProjectReference;
  /** Dollars, unpriced transactions left out. */
  cost: number;
  /** `cost` to the last digit. */
  costExact: string;
  /** All tokens. */
  totalTokens: number;
  /** Jobs completed in the month. */
  totalJobs: number;
  /** Transactions without a known price, left out of `cost`. */
  unpricedTransactions: number;
  /** The limit, as in `MonthlySummary.budgetLimit`. */
  budgetLimit: number | null;
  /** `budgetLimit` to the last digit. */
  budgetLimitExact: string | null;
  /** As in `MonthlySummary.budgetPct`. */
  budgetPct: number | null;
  /** As in `MonthlySummary.budgetStatus`. */
  budgetStatus: BudgetStatus;
  /** As in `MonthlySummary.budgetRemaining`. */
  budgetRemaining: number | null;
  /** `budgetRemaining` to the last digit. */
  budgetRemainingExact: string | null;
  /** Share of the summary's cost, 0..100; 0 when nothing was spent. */
  pctOfTotal: number;
  /** Dollars of the whole month before. */
  previousCost: number;
  /** `previousCost` to the last digit. */
  previousCostExact: string;
  /** `cost` minus `previousCost`. */
  costChange: number;
  /** `costChange` to the last digit. */
  costChangeExact: string;
}

/** Answer to `recordRun`. */
export interface RecordRunPayload {
  /** The run as it is now; null when refused. */
  run: PipelineRun | null;
}

/** Answer to `recordUsage`. */
export interface RecordUsagePayload {
  /** One for each event, in the order given; empty when the call as a whole was refused. */
  results: Array<UsageResult>;
}

/** Answer to `removeCap`. */
export interface RemoveCapPayload {
  /** The id that is gone, for caches; null when refused. */
  removedCapId: string | null;
}

/** Answer to `repriceUsage`. */
export interface RepriceUsagePayload {
  /** The recalculation, possibly still running; null when refused. */
  repricing: Repricing | null;
}

/**
 * A recalculation of past entries, or its rehearsal. Long ones go on after the mutation has
 * answered: ask `node` again.
 */
export interface Repricing {
  /** Opaque id. */
  id: string;
  /** Whether nothing is posted. */
  isDryRun: boolean;
  /** How it stands. */
  status: RepricingStatus;
  /** Entries looked at / entries to look at, 0..100. */
  progressPct: number;
  /** What was, or would be, posted for each model; complete once DONE. */
  lines: Array<RepricingLine>;
  /** Sum of the lines' differences. */
  difference: number;
  /** `difference` to the last digit. */
  differenceExact: string;
  /** When it began. */
  startedAt: string;
  /** When it ended; null while running. */
  finishedAt: string | null;
}

/** One model's part of a repricing. */
export interface RepricingLine {
  /** Who ran the model. */
  provider: string | null;
  /** The model's exact name. */
  model: string;
  /** Entries that change. */
  transactions: number;
  /** Those among them that had no price. */
  unpricedTransactions: number;
  /** Their dollars before, unpriced ones as 0. */
  costBefore: number;
  /** `costBefore` to the last digit. */
  costBeforeExact: string;
  /** Their dollars after. */
  costAfter: number;
  /** `costAfter` to the last digit. */
  costAfterExact: string;
  /** After minus before: what totals move by. */
  difference: number;
  /** `difference` to the last digit. */
  differenceExact: string;
}

/** Money held before a call. */
export interface Reservation {
  /** Opaque id. */
  id: string;
  /** The caller's own name for it, unique within the organization. */
  key: string;
  /** How it stands. */
  status: ReservationStatus;
  /** What the money is for. */
  project: ProjectReference;
  /** The run; null outside any. */
  run: PipelineRunReference | null;
  /** Dollars held when it was granted. */
  amount: number;
  /** `amount` to the last digit. */
  amountExact: string;
  /** Dollars posted to the ledger so far. */
  settledCost: number;
  /** `settledCost` to the last digit. */
  settledCostExact: string;
  /** Dollars still held; 0 once it has ended. */
  held: number;
  /** `held` to the last digit. */
  heldExact: string;
  /** Dollars posted beyond `amount`; 0 when none. */
  overrun: number;
  /** `overrun` to the last digit. */
  overrunExact: string;
  /** When it was granted. */
  createdAt: string;
  /** When it ends by itself. */
  expiresAt: string;
  /** Seconds until then by the server's clock; 0 once it has ended. */
  expiresInSeconds: number;
  /** When it ended; null while open. */
  endedAt: string | null;
  /** The caps that hold it. */
  caps: Array<CapReference>;
}

/** Reservations, a page at a time. */
export interface ReservationConnection {
  /** The entries alone. */
  nodes: Array<Reservation>;
  /** Where the page begins and ends. */
  pageInfo: PageInfo;
}

/** Answer to `releaseReservation` and `extendReservation`. */
export interface ReservationPayload {
  /** The reservation as it is now; null when refused. */
  reservation: Reservation | null;
}

/** Whether the money is held. */
export type ReserveSpendResult =
  | ({ __typename: "SpendGranted" } & SpendGranted)
  | ({ __typename: "SpendDenied" } & SpendDenied);

/** Answer to `revokeMembership`. */
export interface RevokeMembershipPayload {
  /** Whose role was taken away; null when refused. */
  user: User | null;
}

/** A projection of when credits, or the room under a cap, will be used up. */
export interface RunOut {
  /** Days from now, as use is projected; 0 when used up already. */
  days: number;
  /** The day, as use is projected. */
  date: string;
  /** Earliest likely day (high estimate of spend). */
  earliestDate: string;
  /** Latest likely day (low estimate of spend); null when it may never come. */
  latestDate: string | null;
  /** Whether `date` falls before the cycle ends: the banner of 004. */
  isBeforeCycleEnd: boolean;
}

/** One run's part of a month. A run over two months has its part in each. */
export interface RunSpend {
  /** Same as `run.id` (003's name). */
  runId: string;
  /** The run. */
  run: PipelineRunReference;
  /** How the run stands. */
  status: RunStatus;
  /** What set it off. */
  trigger: string | null;
  /** When it began, possibly in an earlier month. */
  startedAt: string;
  /** Jobs completed in the month. */
  jobCount: number;
  /** Tokens in the month. */
  totalTokens: number;
  /** Dollars in the month, unpriced transactions left out. */
  cost: number;
  /** `cost` to the last digit. */
  costExact: string;
  /** Share of the month's cost, 0..100; 0 when nothing was spent. */
  pctOfTotal: number;
  /** Transactions without a known price, left out of `cost`. */
  unpricedTransactions: number;
}

/** Answer to `setBudgetLimit` and `removeBudgetLimit`. */
export interface SetBudgetLimitPayload {
  /** The threshold as it is now; null when refused. */
  budget: Budget | null;
  /** The project, from which a page can ask again for what it shows; null when refused. */
  project: Project | null;
}

/** Answer to `setBudgetLimits`. */
export interface SetBudgetLimitsPayload {
  /** One for each limit, in the order given. */
  results: Array<SetBudgetLimitsResult>;
}

/** What became of one threshold. */
export interface SetBudgetLimitsResult {
  /** The project as given. */
  projectId: string;
  /** The threshold as it is now; null when refused. */
  budget: Budget | null;
  /** What to put right; `field` begins with `limits` and the position. */
  userErrors: Array<UserError>;
}

/** Answer to `setCap`. */
export interface SetCapPayload {
  /** The cap as it is now; null when refused. */
  cap: Cap | null;
}

/** Answer to `setPrice`. */
export interface SetPricePayload {
  /** What was appended; null when refused. */
  prices: Array<Price> | null;
  /** The repricing of what had no price, begun on the way; null when there was nothing. */
  repricing: Repricing | null;
}

/** Answer to `settleReservation`. */
export interface SettleReservationPayload {
  /** The reservation as it is now; null when refused. */
  reservation: Reservation | null;
  /** What became of the usage; null when refused. */
  result: UsageResult | null;
  /** Dollars posted beyond what was held; 0 when none, null when refused. */
  overrun: number | null;
  /** `overrun` to the last digit. */
  overrunExact: string | null;
}

/** It does not fit: do not make the call. */
export interface SpendDenied {
  /** For programs. */
  reason: DenialReason;
  /** For people: which limit, what was asked, what is left, when it resets. */
  message: string;
  /** The cap that refused, the widest one of several; null when the caller may not see it. */
  cap: Cap | null;
  /** What that cap's amounts are measured in. */
  unit: SpendUnit;
  /** The cap's limit; null when the caller may not see it. */
  limit: number | null;
  /** `limit` to the last digit. */
  limitExact: string | null;
  /** What was spent under it; null when the caller may not see it. */
  spent: number | null;
  /** `spent` to the last digit. */
  spentExact: string | null;
  /** What is held under it; null when the caller may not see it. */
  held: number | null;
  /** `held` to the last digit. */
  heldExact: string | null;
  /** What was asked for, in that unit; null when it could not be priced. */
  requested: number | null;
  /** `requested` to the last digit. */
  requestedExact: string | null;
  /** When that cap begins at 0 again; null for a whole run. */
  resetsAt: string | null;
  /** Whether the room is only held, not spent: trying again soon can help. */
  isRetryable: boolean;
}

/** The money is held: make the call. */
export interface SpendGranted {
  /**
   * The hold; always OPEN. A key whose reservation has ended is rejected with RESERVATION_ENDED
   * instead.
   */
  reservation: Reservation;
  /** Caps with action WARN that this exceeds. */
  warnings: Array<Cap>;
}

/** The request made no sense; nothing was looked at. */
export interface SpendRejected {
  /** What to put right, at least one. */
  userErrors: Array<UserError>;
}

/** Tokens of one call, in classes that do not overlap. */
export interface TokenCounts {
  /** Input tokens read afresh. */
  input: number;
  /** Input tokens read from a cache. */
  cacheRead: number;
  /** Input tokens written to a 5-minute cache. */
  cacheWrite5m: number;
  /** Input tokens written to a 1-hour cache. */
  cacheWrite1h: number;
  /** Output tokens without reasoning. */
  output: number;
  /** Reasoning tokens. */
  reasoning: number;
}

/** Everything that 002's page shows, for one state of its filters; all parts agree. */
export interface TokenUsage {
  /** Identity of (organization, filter), for caches. */
  id: string;
  /** What it covers. */
  period: Period;
  /** When these figures were read. */
  asOf: string;
  /** Model requests. */
  requests: number;
  /** Requests by days in the range, days to come left out. */
  requestsPerDay: number;
  /** Input (prompt) tokens, cached ones included. */
  inputTokens: number;
  /** Output (completion) tokens, reasoning included. */
  outputTokens: number;
  /** Sum of the two. */
  totalTokens: number;
  /** Dollars, unpriced requests left out: 002's estimated cost. */
  cost: number;
  /** `cost` to the last digit. */
  costExact: string;
  /** `cost` by priced requests, to 12 decimals, half to even; null without any. */
  costPerRequest: number | null;
  /** `costPerRequest` to the last digit. */
  costPerRequestExact: string | null;
  /** Transactions without a known price, left out of `cost`. */
  unpricedTransactions: number;
  /** One point a day, oldest first, empty days included. */
  daily: Array<TokenUsageDay>;
  /** The same days by who made the request. */
  byInitiator: InitiatorSeries;
  /** One row for each provider and model. */
  breakdown: Array<ModelSpend>;
  /** The breakdown's bottom row; equals the figures above. */
  totals: ModelSpend;
  /** Providers that occur in the range, whatever the provider and model filters say. */
  providers: Array<string>;
  /** Models that occur in the range for the chosen provider, or for all. */
  models: Array<string>;
  /** Why there is nothing to draw; null when there is something. */
  emptyState: TokenUsageEmptyState | null;
}

/** Two states of the filters side by side, and other minus base. */
export interface TokenUsageComparison {
  /** The first. */
  base: TokenUsage;
  /** The second. */
  other: TokenUsage;
  /** Difference of requests. */
  requestsChange: number;
  /** Difference of tokens. */
  tokensChange: number;
  /** Difference of dollars. */
  costChange: number;
  /** `costChange` to the last digit. */
  costChangeExact: string;
  /** Difference of dollars by `base.cost` * 100; null when that is 0. */
  costChangePct: number | null;
}

/** One day of token usage. */
export interface TokenUsageDay {
  /** Which local day. */
  date: string;
  /** Requests. */
  requests: number;
  /** Input tokens. */
  inputTokens: number;
  /** Output tokens. */
  outputTokens: number;
  /** Dollars, unpriced requests left out. */
  cost: number;
  /** `cost` to the last digit. */
  costExact: string;
  /** Transactions without a known price, left out of `cost`. */
  unpricedTransactions: number;
}

/** A model that was used without a known price. */
export interface UnpricedModel {
  /** Who ran it, as far as stated. */
  provider: string | null;
  /** The model's exact name. */
  model: string;
  /** Transactions without a price. */
  unpricedTransactions: number;
  /** Their tokens. */
  totalTokens: number;
  /** The first of them. */
  firstAt: string;
  /** The last of them. */
  lastAt: string;
}

/** Unpriced models, a page at a time. */
export interface UnpricedModelConnection {
  /** The entries alone. */
  nodes: Array<UnpricedModel>;
  /** Where the page begins and ends. */
  pageInfo: PageInfo;
}

/** Answer to `updateBilling`. */
export interface UpdateBillingPayload {
  /** The organization as it is now; null when refused. */
  organization: Organization | null;
  /** When the new anchor day comes into force; null when it was not asked for. */
  cycleAnchorFrom: string | null;
}

/** Answer to `updateOrganization`. */
export interface UpdateOrganizationPayload {
  /** The organization as it is now; null when refused. */
  organization: Organization | null;
  /** When the new zone comes into force; null when the zone was not asked for. */
  timeZoneFrom: string | null;
}

/** Credit status for the editor's header (004). Any member of the workspace. */
export interface UsageBar {
  /** Identity of the workspace's bar, for caches. */
  id: string;
  /** What was used of the allocation, 0..100 and beyond; null without a limit. */
  usedPct: number | null;
  /** Whether the organization is on the free tier. */
  isFreeTier: boolean;
  /** From 75 %, and always on the free tier. */
  showsUpgrade: boolean;
  /** From 50 %. */
  showsReferral: boolean;
  /** When these figures were read. */
  asOf: string;
}

/** One execution and what it cost in the range (000). */
export interface UsageEntry {
  /** Identity of (run, range), for caches. */
  id: string;
  /**
   * The execution; null in the last entries of a list, which hold what each project spent
   * outside any run.
   */
  run: PipelineRunReference | null;
  /** What the money was spent on. */
  project: ProjectReference;
  /**
   * When it began: 000's Date. May lie before the range when the run goes on into it. Outside
   * any run, where the range begins.
   */
  startedAt: string;
  /** ON_DEMAND when any of its cost is. */
  entryType: EntryType;
  /** Name of the workflow. */
  workflow: string | null;
  /** What set it off. */
  trigger: string | null;
  /** Models used, most tokens first; show the name of one, the number of several. */
  models: Array<string>;
  /** Input and output tokens in the range. */
  totalTokens: number;
  /** Dollars in the range, unpriced transactions left out. */
  cost: number;
  /** `cost` to the last digit. */
  costExact: string;
  /** The part of `cost` beyond the monthly limit; show Included when 0. */
  onDemandCost: number;
  /** `onDemandCost` to the last digit. */
  onDemandCostExact: string;
  /** Transactions without a known price, left out of `cost`. */
  unpricedTransactions: number;
}

/** Executions, a page at a time, stable while rows arrive. */
export interface UsageEntryConnection {
  /** The range, resolved. */
  period: Period;
  /** The entries alone. */
  nodes: Array<UsageEntry>;
  /** Where the page begins and ends. */
  pageInfo: PageInfo;
}

/** Values that occur, for the explorer's filters; each list at most 1,000, most used first. */
export interface UsageFilterOptions {
  /** Projects. */
  projects: Array<ProjectReference>;
  /** Workflows. */
  workflows: Array<string>;
  /** Triggers. */
  triggers: Array<string>;
  /** Models. */
  models: Array<string>;
}

/** One surface's use over time. */
export interface UsageLine {
  /** Which surface; null for use without one. */
  surface: Surface | null;
  /** Sum over the line. */
  total: number;
  /** `total` to the last digit. */
  totalExact: string;
  /** Buckets, oldest first, empty ones included. */
  points: Array<UsagePoint>;
}

/** One bucket of a line. */
export interface UsagePoint {
  /** The bucket. */
  period: Period;
  /** Use in it. */
  amount: number;
  /** `amount` to the last digit. */
  amountExact: string;
}

/** What became of one event. */
export interface UsageResult {
  /** The event as named. */
  eventKey: string;
  /** What became of it. */
  status: UsageStatus;
  /** Whether it is in the ledger without a price. */
  isUnpriced: boolean;
  /** Its entry; null when rejected, and when a streamed report added nothing. */
  transactionId: string | null;
  /** Dollars of that entry; null when unpriced or rejected. */
  cost: number | null;
  /** `cost` to the last digit. */
  costExact: string | null;
  /** What to put right; `field` begins with `events` and the position. */
  userErrors: Array<UserError>;
}

/** Use over time, a line for each surface (004). */
export interface UsageSeries {
  /** Identity of (organization, range, granularity), for caches. */
  id: string;
  /** What all amounts here are measured in. */
  unit: SpendUnit;
  /** What the series covers. */
  period: Period;
  /** Length of a bucket. */
  granularity: Granularity;
  /** Sum over all lines. */
  total: number;
  /** `total` to the last digit. */
  totalExact: string;
  /** Transactions without a known price, left out. */
  unpricedTransactions: number;
  /** One line for each surface that occurs, WEB and CLI always; all have the same buckets. */
  lines: Array<UsageLine>;
}

/** A person. */
export interface User {
  /** Opaque id. */
  id: string;
  /** Name to show. */
  name: string;
  /**
   * Address; null unless it is the viewer's own or the viewer is ADMIN of a shared
   * organization.
   */
  email: string | null;
}

/** What a caller of a mutation can put right. */
export interface UserError {
  /** For programs. */
  code: UserErrorCode;
  /** For people: names field, value and what was expected. */
  message: string;
  /**
   * Path into the mutation's input, list positions as digits: `["events", "3", "inputTokens"]`;
   * null when about the whole.
   */
  field: Array<string> | null;
}

/** A person. */
export interface UserReference {
  /** Opaque id. */
  id: string;
  /** Name to show. */
  name: string;
}

/** One user's use (004). */
export interface UserSpend {
  /** Who; null for use that counts for nobody. */
  user: UserReference | null;
  /** Model calls. */
  requests: number;
  /** Use, in the connection's `unit`. */
  amount: number;
  /** `amount` to the last digit. */
  amountExact: string;
  /** Share of the organization's use, 0..100; 0 when nothing was used. */
  pctOfTotal: number;
  /** Transactions without a known price, left out. */
  unpricedTransactions: number;
}

/** Users by use, a page at a time. Ranks may move between pages: tell entries apart by user. */
export interface UserSpendConnection {
  /** What amounts are measured in. */
  unit: SpendUnit;
  /** What is counted. */
  period: Period;
  /** The entries alone. */
  nodes: Array<UserSpend>;
  /** Where the page begins and ends. */
  pageInfo: PageInfo;
}

/** Who is asking. */
export interface Viewer {
  /** Identity of the viewer, for caches. */
  id: string;
  /** The person; null when a program asks with a key that belongs to nobody. */
  user: UserReference | null;
  /** The key in use; null with a JWT. */
  apiKey: ApiKeyReference | null;
  /**
   * The key's organization, or the person's default one: what `organization` without an id
   * answers.
   */
  organization: OrganizationReference;
  /** All organizations of the person, by name, at most 100. */
  organizations: Array<OrganizationReference>;
}

/** The level between organization and project. */
export interface Workspace {
  /** Opaque id. */
  id: string;
  /** Name to show. */
  name: string;
  /** The tenant it belongs to. */
  organization: Organization;
  /** The group it is counted in; null when in none. */
  group: WorkspaceGroup | null;
  /** The viewer's role here, inherited from above where that is higher. */
  viewerRole: Role | null;
}

/** Workspaces, a page at a time. */
export interface WorkspaceConnection {
  /** The entries alone. */
  nodes: Array<Workspace>;
  /** Where the page begins and ends. */
  pageInfo: PageInfo;
}

/** A set of workspaces, for figures by team. */
export interface WorkspaceGroup {
  /** Opaque id. */
  id: string;
  /** Name to show. */
  name: string;
  /** The tenant it belongs to. */
  organization: Organization;
}

/** Workspace groups, a page at a time. */
export interface WorkspaceGroupConnection {
  /** The entries alone. */
  nodes: Array<WorkspaceGroup>;
  /** Where the page begins and ends. */
  pageInfo: PageInfo;
}

/** Answer to `createWorkspaceGroup` and `renameWorkspaceGroup`. */
export interface WorkspaceGroupPayload {
  /** The group as it is now; null when refused. */
  workspaceGroup: WorkspaceGroup | null;
}

/** A set of workspaces, for figures by team. */
export interface WorkspaceGroupReference {
  /** Opaque id. */
  id: string;
  /** Name to show. */
  name: string;
}

/** One workspace group's use (004). */
export interface WorkspaceGroupSpend {
  /** Which group; null for workspaces in none. */
  group: WorkspaceGroupReference | null;
  /** Model calls. */
  requests: number;
  /** Use, in the connection's `unit`. */
  amount: number;
  /** `amount` to the last digit. */
  amountExact: string;
  /** Share of the organization's use, 0..100; 0 when nothing was used. */
  pctOfTotal: number;
  /** Transactions without a known price, left out. */
  unpricedTransactions: number;
}

/**
 * Workspace groups by use, a page at a time. Ranks may move between pages: tell entries apart
 * by group.
 */
export interface WorkspaceGroupSpendConnection {
  /** What amounts are measured in. */
  unit: SpendUnit;
  /** What is counted. */
  period: Period;
  /** The entries alone. */
  nodes: Array<WorkspaceGroupSpend>;
  /** Where the page begins and ends. */
  pageInfo: PageInfo;
}

/**
 * Answer to `createWorkspace`, `renameWorkspace`, `setWorkspaceGroup` and
 * `unsetWorkspaceGroup`.
 */
export interface WorkspacePayload {
  /** The workspace as it is now; null when refused. */
  workspace: Workspace | null;
}

/** The level between organization and project. */
export interface WorkspaceReference {
  /** Opaque id. */
  id: string;
  /** Name to show. */
  name: string;
}

/** One workspace's use (004). */
export interface WorkspaceSpend {
  /** Which workspace. */
  workspace: WorkspaceReference;
  /** Model calls. */
  requests: number;
  /** Use, in the connection's `unit`. */
  amount: number;
  /** `amount` to the last digit. */
  amountExact: string;
  /** Share of the organization's use, 0..100; 0 when nothing was used. */
  pctOfTotal: number;
  /** Transactions without a known price, left out. */
  unpricedTransactions: number;
}

/**
 * Workspaces by use, a page at a time. Ranks may move between pages: tell entries apart by
 * workspace.
 */
export interface WorkspaceSpendConnection {
  /** What amounts are measured in. */
  unit: SpendUnit;
  /** What is counted. */
  period: Period;
  /** The entries alone. */
  nodes: Array<WorkspaceSpend>;
  /** Where the page begins and ends. */
  pageInfo: PageInfo;
}

/** What `TRPCClientError.data` and `.shape` hold. */
export interface ErrorShape {
  message: string;
  code: TRPC_ERROR_CODE_NUMBER;
  data: {
    code: TRPC_ERROR_CODE_KEY;
    httpStatus: number;
    /** The procedure; absent when the request as a whole was refused. */
    path?: string;
    /** What to tell the server's operators. */
    requestId: string;
    /** When the server was not available: after how many seconds to try again. */
    retryAfterSeconds?: number;
    /** All that the caller can put right; the message is that of the first. */
    userErrors?: schema.UserError[];
  };
}

type Query<Input, Output> = TRPCQueryProcedure<{ input: Input; output: Output; meta: object }>;
type Mutation<Input, Output> = TRPCMutationProcedure<{
  input: Input;
  output: Output;
  meta: object;
}>;

type Procedures = {
  aiCost: {
    /** 003: same as `project.monthlySummary`. */
    getMonthlySummary: Query<{ projectId: string; month?: string | null }, MonthlySummary>;
    /** 003: same as `project.monthlyTrend`. */
    getMonthlyTrend: Query<{ projectId: string; months?: number; until?: string | null }, Array<MonthlyPoint>>;
    /** 003: same as `project.dailySpend`. */
    getDailySpend: Query<{ projectId: string; days?: number; until?: string | null }, Array<DailyPoint>>;
    /**
     * 003: one month over the projects that the caller owns or may see in the organization in
     * which the request acts (header `x-organization-id`; the caller's first when absent).
     */
    getCrossProjectSummary: Query<{ month?: string | null } | void, CrossProjectSummary>;
    /** 003: same as `project.recentTransactions`. */
    getRecentTransactions: Query<{ projectId: string; limit?: number; kinds?: readonly (schema.TransactionKind)[] }, Array<CreditTransaction>>;
    /**
     * Sets a project's monthly threshold. ADMIN of the project. Sending the same again changes
     * nothing.
     */
    setBudgetLimit: Mutation<schema.SetBudgetLimitInput, SetBudgetLimitPayload>;
  };
  budgets: {
    /** Its monthly threshold; always there, with a null `limit` when none is set. */
    get: Query<{ projectId: string }, Budget>;
    /** Earlier changes, newest first. */
    changes: Query<{ projectId: string; first?: number | null; after?: string | null }, BudgetChangeConnection>;
    /**
     * Sets up to 100 thresholds, each by itself: results in the order given. ADMIN of each
     * project.
     */
    setMany: Mutation<schema.SetBudgetLimitsInput, SetBudgetLimitsPayload>;
    /** Takes a project's threshold away. ADMIN of the project. */
    remove: Mutation<schema.RemoveBudgetLimitInput, SetBudgetLimitPayload>;
  };
  usage: {
    /**
     * Records up to 1,000 events, each by itself: results in the order given. MEMBER of each
     * project.
     */
    record: Mutation<schema.RecordUsageInput, RecordUsagePayload>;
    /** Allocation and use in the running cycle, with its projection (004). ADMIN. */
    cycle: Query<{ organizationId?: string | null } | void, CreditUsage>;
    /** Use over time, a line for each surface (004). ADMIN. */
    series: Query<{ organizationId?: string | null; range: schema.RangeInput; granularity: schema.Granularity }, UsageSeries>;
    /** Workspaces by use, most first (004). ADMIN. */
    topWorkspaces: Query<{ organizationId?: string | null; range?: schema.RangeInput | null; first?: number | null; after?: string | null } | void, WorkspaceSpendConnection>;
    /** Workspace groups by use, most first (004). ADMIN. */
    topWorkspaceGroups: Query<{ organizationId?: string | null; range?: schema.RangeInput | null; first?: number | null; after?: string | null } | void, WorkspaceGroupSpendConnection>;
    /** Users by use, most first (004). ADMIN. */
    topUsers: Query<{ organizationId?: string | null; range?: schema.RangeInput | null; first?: number | null; after?: string | null } | void, UserSpendConnection>;
    /** Credit status for the editor's header (004). Any member of the workspace. */
    bar: Query<{ workspaceId: string }, UsageBar>;
  };
  runs: {
    /**
     * Creates or updates a run and its jobs without usage: to cap a run before it spends, and
     * to say that a job has ended. MEMBER.
     */
    record: Mutation<schema.RecordRunInput, RecordRunPayload>;
    /** A run by the caller's own key; by our id use `node`. */
    find: Query<{ projectId: string; key: string }, PipelineRun>;
    /** Any thing by its id. */
    get: Query<{ id: string }, PipelineRun>;
    /** Pipeline runs, newest start first. */
    list: Query<{ projectId: string; first?: number | null; after?: string | null }, PipelineRunConnection>;
    /** Its agents' work, oldest first. */
    jobs: Query<{ pipelineRunId: string; first?: number | null; after?: string | null }, AgentJobConnection>;
  };
  jobs: {
    /** Any thing by its id. */
    get: Query<{ id: string }, AgentJob>;
  };
  transactions: {
    /** Any thing by its id. */
    get: Query<{ id: string }, CreditTransaction>;
    /** The ledger, newest first. */
    list: Query<{ projectId: string; filter?: schema.TransactionFilter | null; first?: number | null; after?: string | null }, CreditTransactionConnection>;
  };
  alerts: {
    /** What needs attention now, worst first (004), at most 100. ADMIN. */
    list: Query<{ organizationId?: string | null } | void, Array<Alert>>;
    /** Any thing by its id. */
    get: Query<{ id: string }, Alert>;
  };
  calls: {
    /** API calls, newest first (001). ADMIN of the workspace. */
    list: Query<{ workspaceId: string; range?: schema.RangeInput | null; filter?: schema.ApiCallFilter | null; first?: number | null; after?: string | null; last?: number | null; before?: string | null }, ApiCallConnection>;
    /** Spend and speed by API key (001). ADMIN of the workspace. */
    byKey: Query<{ workspaceId: string; range?: schema.RangeInput | null }, ApiKeyUsage>;
  };
  tokens: {
    /** Everything that 002's page shows, for one state of its filters. ADMIN. */
    usage: Query<{ organizationId?: string | null; filter: schema.TokenUsageFilter }, TokenUsage>;
    /** Two states of 002's filters side by side, with their differences. ADMIN. */
    comparison: Query<{ organizationId?: string | null; base: schema.TokenUsageFilter; other: schema.TokenUsageFilter }, TokenUsageComparison>;
  };
  explore: {
    /** Executions with their cost in the range, newest start first (000). */
    entries: Query<{ workspaceId: string; range: schema.RangeInput; filter?: schema.UsageEntryFilter | null; first?: number | null; after?: string | null; last?: number | null; before?: string | null }, UsageEntryConnection>;
    /** Values that occur in the range, for the explorer's filters (000). */
    filterOptions: Query<{ workspaceId: string; range: schema.RangeInput }, UsageFilterOptions>;
    /** Makes an address from which a browser can download an export without headers, once. */
    createDownload: Mutation<schema.CreateDownloadInput, CreateDownloadPayload>;
  };
  billing: {
    /** Plan, rate, limit and cycle in force. ADMIN. */
    get: Query<{ organizationId?: string | null } | void, Billing>;
    /** Changes how the viewer's organization pays, from now on. OWNER of it. */
    update: Mutation<schema.UpdateBillingInput | void, UpdateBillingPayload>;
  };
  credits: {
    /**
     * Grants bonus credits to the viewer's organization, or takes unused ones back. OWNER of
     * it.
     */
    grant: Mutation<schema.GrantCreditsInput, GrantCreditsPayload>;
    /** What credits came from and where they lapsed, newest first. */
    grants: Query<{ organizationId?: string | null; first?: number | null; after?: string | null } | void, CreditGrantConnection>;
  };
  caps: {
    /** Caps anywhere in the organization that the viewer may see, by scope and name. */
    list: Query<{ organizationId?: string | null; filter?: schema.CapFilter | null; first?: number | null; after?: string | null } | void, CapConnection>;
    /** Any thing by its id. */
    get: Query<{ id: string }, Cap>;
    /** What a cap would have done to the past. ADMIN of the thing it limits. */
    rehearse: Query<schema.RehearseCapInput, CapRehearsal>;
    /**
     * Sets a cap, or changes the one with the same scope, thing, period and action. ADMIN above
     * the level it binds.
     */
    set: Mutation<schema.SetCapInput, SetCapPayload>;
    /** Takes a cap away. ADMIN above the level it binds. */
    remove: Mutation<schema.RemoveCapInput, RemoveCapPayload>;
  };
  spend: {
    /**
     * Holds money under every cap that applies, or under none. The same key again answers the
     * same; a denial is not remembered. MEMBER.
     */
    reserve: Mutation<schema.ReserveSpendInput, ReserveSpendResult>;
    /**
     * Posts what a call used and, unless more is to come, frees the rest; in one transaction.
     * MEMBER.
     */
    settle: Mutation<schema.SettleReservationInput, SettleReservationPayload>;
    /** Frees a reservation that was not needed. MEMBER. */
    release: Mutation<schema.ReleaseReservationInput, ReservationPayload>;
    /** Gives a reservation more time. MEMBER. */
    extend: Mutation<schema.ExtendReservationInput, ReservationPayload>;
  };
  reservations: {
    /** A reservation by the caller's own key. */
    find: Query<{ key: string }, Reservation>;
    /** Any thing by its id. */
    get: Query<{ id: string }, Reservation>;
    /** Reservations that the viewer may see, newest first. */
    list: Query<{ organizationId?: string | null; filter?: schema.ReservationFilter | null; first?: number | null; after?: string | null } | void, ReservationConnection>;
  };
  prices: {
    /**
     * Prices in force at an instant (now, when omitted); the organization's own before public
     * ones.
     */
    list: Query<{ organizationId?: string | null; provider?: string | null; model?: string | null; at?: string | null; first?: number | null; after?: string | null } | void, PriceConnection>;
    /** Models that were used without a known price, most tokens first. ADMIN. */
    unpriced: Query<{ organizationId?: string | null; range?: schema.RangeInput | null; first?: number | null; after?: string | null } | void, UnpricedModelConnection>;
    /** Appends prices for one model. ADMIN of the organization. */
    set: Mutation<schema.SetPriceInput, SetPricePayload>;
    /**
     * Recalculates past entries at the prices known now and posts the differences. ADMIN of the
     * organization.
     */
    reprice: Mutation<schema.RepriceUsageInput, RepriceUsagePayload>;
    /** Any thing by its id. */
    repricing: Query<{ id: string }, Repricing>;
  };
  viewer: {
    /** Who is asking. */
    get: Query<void, Viewer>;
  };
  agentTypes: {
    /** Agent types in the registry, for legends and filters, by label. */
    list: Query<void, Array<AgentType>>;
  };
  organizations: {
    /** An organization; the viewer's when `id` is omitted. */
    get: Query<{ id?: string | null } | void, Organization>;
    /**
     * Spend of the month over the organization's projects that the viewer may see; same as
     * `Query.crossProjectSummary` for this organization.
     */
    monthlySummary: Query<{ organizationId?: string | null; month?: string | null } | void, CrossProjectSummary>;
    /** Changes the name or the time zone of the viewer's organization. ADMIN of it. */
    update: Mutation<schema.UpdateOrganizationInput | void, UpdateOrganizationPayload>;
  };
  workspaces: {
    /** Workspaces that the viewer may see, by name. */
    list: Query<{ organizationId?: string | null; first?: number | null; after?: string | null } | void, WorkspaceConnection>;
    /** A workspace. */
    get: Query<{ id: string }, Workspace>;
    /** Makes a workspace. ADMIN of the organization. */
    create: Mutation<schema.CreateWorkspaceInput, WorkspacePayload>;
    /** Gives a workspace another name. ADMIN of the workspace. */
    rename: Mutation<schema.RenameWorkspaceInput, WorkspacePayload>;
  };
  workspaceGroups: {
    /** Its workspace groups, by name. */
    list: Query<{ organizationId?: string | null; first?: number | null; after?: string | null } | void, WorkspaceGroupConnection>;
    /** Any thing by its id. */
    get: Query<{ id: string }, WorkspaceGroup>;
    /** Makes a workspace group. ADMIN of the organization. */
    create: Mutation<schema.CreateWorkspaceGroupInput, WorkspaceGroupPayload>;
    /** Gives a workspace group another name. ADMIN of the organization. */
    rename: Mutation<schema.RenameWorkspaceGroupInput, WorkspaceGroupPayload>;
    /**
     * Counts a workspace in a group, and no longer in the one it was in. ADMIN of the
     * organization.
     */
    assign: Mutation<schema.SetWorkspaceGroupInput, WorkspacePayload>;
    /** Counts a workspace in no group. ADMIN of the organization. */
    unassign: Mutation<schema.UnsetWorkspaceGroupInput, WorkspacePayload>;
  };
  projects: {
    /** Projects that the caller owns or may see, by name. */
    list: Query<{ filter?: schema.ProjectFilter | null; first?: number | null; after?: string | null } | void, ProjectConnection>;
    /** A project, with every report about it: the way for pages. */
    get: Query<{ id: string }, Project>;
    /** Makes a project. ADMIN of the workspace. */
    create: Mutation<schema.CreateProjectInput, ProjectPayload>;
    /** Gives a project another name. ADMIN of the project. */
    rename: Mutation<schema.RenameProjectInput, ProjectPayload>;
    /** Gives a project to another member of the organization. OWNER of the project. */
    setOwner: Mutation<schema.SetProjectOwnerInput, ProjectPayload>;
  };
  users: {
    /** Any thing by its id. */
    get: Query<{ id: string }, User>;
  };
  members: {
    /** Who has which role at which level, by the person's name. ADMIN. */
    list: Query<{ organizationId?: string | null; first?: number | null; after?: string | null } | void, MembershipConnection>;
    /**
     * Gives a person a role at the organization, a workspace or a project. ADMIN there; OWNER
     * to give or replace OWNER.
     */
    grant: Mutation<schema.GrantMembershipInput, GrantMembershipPayload>;
    /**
     * Takes a person's role at a level away, and the keys that are stronger than what remains.
     * ADMIN there; OWNER to take OWNER.
     */
    revoke: Mutation<schema.RevokeMembershipInput, RevokeMembershipPayload>;
  };
  keys: {
    /** Any thing by its id. */
    get: Query<{ id: string }, ApiKey>;
    /** All API keys, revoked ones included, by name. ADMIN. */
    list: Query<{ organizationId?: string | null; first?: number | null; after?: string | null } | void, ApiKeyConnection>;
    /** Makes an API key and answers its secret, once. ADMIN of its level. */
    create: Mutation<schema.CreateApiKeyInput, ApiKeySecretPayload>;
    /** Gives an API key another name. ADMIN of its level, and at least as strong as the key. */
    rename: Mutation<schema.RenameApiKeyInput, ApiKeyPayload>;
    /**
     * Gives an API key a new secret and answers it, once; the old one stops working. ADMIN of
     * its level, and at least as strong as the key; a person's key by that person alone.
     */
    rotate: Mutation<schema.RotateApiKeyInput, ApiKeySecretPayload>;
    /**
     * Ends an API key at once; ending it again changes nothing. ADMIN of its level, and at
     * least as strong as the key.
     */
    revoke: Mutation<schema.RevokeApiKeyInput, ApiKeyPayload>;
  };
};

/** The server's procedures: `createTRPCClient<AppRouter>({ links })`. */
export type AppRouter = TRPCBuiltRouter<
  { ctx: object; meta: object; errorShape: ErrorShape; transformer: false },
  Procedures
>;
