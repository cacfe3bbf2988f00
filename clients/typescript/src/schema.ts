// Written by `make schema`; changes here are lost.

import type { Field, Union } from "./selection.js";

/** One agent's work in a run. */
export interface AgentJob {
  /** Opaque id. */
  id: string;
  /** The caller's own name for it, unique within the run. */
  key: string;
  /** The run it belongs to. */
  run: PipelineRun;
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
  cost: string;
  /** Transactions without a known price, left out of `cost`. */
  unpricedTransactions: number;
  /** All tokens so far. */
  totalTokens: number;
}

/** Agent jobs, a page at a time. */
export interface AgentJobConnection {
  /** Entries with their cursors. */
  edges: Array<AgentJobEdge>;
  /** The entries alone. */
  nodes: Array<AgentJob>;
  /** Where the page begins and ends. */
  pageInfo: PageInfo;
}

/** One entry of a page of agent jobs. */
export interface AgentJobEdge {
  /** Where it stands. */
  cursor: string;
  /** The job. */
  node: AgentJob;
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
  cost: string;
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
  limit: string | null;
  /** What was used of it. */
  used: string | null;
  /** `used` / `limit` * 100; null without a limit or with one of 0. */
  usedPct: number | null;
  /** The project, for budgets; null otherwise. */
  project: Project | null;
  /** The cap, for caps; null otherwise. */
  cap: Cap | null;
  /** The projection, for running out; null otherwise. */
  runOut: RunOut | null;
  /** Path of the dashboard's page on which something can be done about it. */
  actionUrl: string | null;
}

/** States that are alerted. */
export type AlertKind =
  /** At this rate credits end before the cycle does. */
  | "ON_TRACK_TO_RUN_OUT"
  /** Few credits are left: less than a tenth. */
  | "CREDITS_NEARLY_OUT"
  /** No credits are left. */
  | "CREDITS_OUT"
  /** A cap is 80 % used. */
  | "CAP_NEAR"
  /** A cap is used up and blocks. */
  | "CAP_REACHED"
  /** A budget is 80 % used. */
  | "BUDGET_WARNING"
  /** A budget is used up. */
  | "BUDGET_EXCEEDED"
  /** Calls were made without a known price. */
  | "UNPRICED_USAGE";

/** How bad an alert is. */
export type AlertSeverity =
  /** Good to know. */
  | "INFO"
  /** Act soon. */
  | "WARNING"
  /** Calls are blocked, or soon will be. */
  | "CRITICAL";

/** One model call through an API key (001). Parts of a streamed call are one row. */
export interface ApiCall {
  /** Identity of the call. */
  id: string;
  /** When: 001's Date. */
  occurredAt: string;
  /** The key; null when it was made without one. */
  apiKey: ApiKey | null;
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
  inputPrice: string | null;
  /** Dollars per million output tokens; null when unpriced or for embeddings. */
  outputPrice: string | null;
  /** Dollars; null when unpriced. */
  cost: string | null;
  /** What the money was spent on. */
  project: Project;
  /** The run; null outside any. */
  run: PipelineRun | null;
}

/** API calls, a page at a time, stable while rows arrive. */
export interface ApiCallConnection {
  /** The range, resolved. */
  period: Period;
  /** Entries with their cursors. */
  edges: Array<ApiCallEdge>;
  /** The entries alone. */
  nodes: Array<ApiCall>;
  /** Where the page begins and ends. */
  pageInfo: PageInfo;
}

/** One entry of a page of API calls. */
export interface ApiCallEdge {
  /** Where it stands. */
  cursor: string;
  /** The call. */
  node: ApiCall;
}

/** Which API calls. Fields given are all met; a list is met by any of its values. */
export interface ApiCallFilter {
  /** Keys, by id. */
  apiKeyIds?: readonly (string)[] | null;
  /** Providers; empty for calls whose provider is not known. */
  providers?: readonly (string)[] | null;
  /** Models. */
  models?: readonly (string)[] | null;
  /** Completions or embeddings. */
  operation?: Operation | null;
  /** Answered or failed. */
  outcome?: CallOutcome | null;
}

/** 001's CSV. */
export interface ApiCallsDownloadInput {
  /** Which workspace. */
  workspaceId: string;
  /** Which range. */
  range: RangeInput;
  /** Which calls. */
  filter?: ApiCallFilter | null;
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
  /** Entries with their cursors. */
  edges: Array<ApiKeyEdge>;
  /** The entries alone. */
  nodes: Array<ApiKey>;
  /** Where the page begins and ends. */
  pageInfo: PageInfo;
}

/** One entry of a page of API keys. */
export interface ApiKeyEdge {
  /** Where it stands. */
  cursor: string;
  /** The key. */
  node: ApiKey;
}

/** Answer to `renameApiKey` and `revokeApiKey`. */
export interface ApiKeyPayload {
  /** The key as it is now; null when refused. */
  apiKey: ApiKey | null;
  /** What to put right. */
  userErrors: Array<UserError>;
}

/** Answer to `createApiKey` and `rotateApiKey`. */
export interface ApiKeySecretPayload {
  /** The key as it is now; null when refused. */
  apiKey: ApiKey | null;
  /** What a program sends as its credential. Shown this once; null when refused. */
  secret: string | null;
  /** What to put right. */
  userErrors: Array<UserError>;
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
  cost: string;
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
  apiKey: ApiKey | null;
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
  monthlyCredits: string | null;
  /** Credits that a dollar of cost takes. */
  creditsPerDollar: string;
  /**
   * Dollars a cycle that are Included, beyond which usage is On-Demand; null: everything is
   * Included.
   */
  includedDollars: string | null;
  /**
   * Day of the month on which cycles begin; the last day of a month that is too short for it.
   */
  cycleAnchorDay: number;
  /** The same from the next cycle on. */
  nextCycleAnchorDay: number;
  /** What credits came from and where they lapsed, newest first. */
  grants: Field<{ first?: number | null; after?: string | null }, CreditGrantConnection | null>;
}

/** How an organization pays for models. */
export type BillingMode =
  /** In credits of a plan; amounts are credits. */
  | "CREDITS"
  /** With its own model accounts; amounts are dollars. */
  | "BYOM";

/** A project's monthly threshold. It warns and never blocks; a cap blocks. */
export interface Budget {
  /** Opaque id, one for each project. */
  id: string;
  /** Whose threshold. */
  project: Project;
  /** Dollars a month; null when none is set, and 0 is a limit. */
  limit: string | null;
  /** The running month. */
  month: string;
  /** Dollars of the running month. */
  spent: string;
  /** `limit` minus `spent`, negative when exceeded; null without a limit. */
  remaining: string | null;
  /** `spent` / `limit` * 100; null without a limit and with a limit of 0. */
  pct: number | null;
  /** Where the month stands. */
  status: BudgetStatus;
  /** When the limit was last changed; null when never. */
  updatedAt: string | null;
  /** Who changed it last; null when never, or a key that belongs to nobody. */
  updatedBy: User | null;
  /** Earlier changes, newest first. */
  changes: Field<{ first?: number | null; after?: string | null }, BudgetChangeConnection | null>;
}

/** One change of a budget limit, from the audit table. */
export interface BudgetChange {
  /** When. */
  changedAt: string;
  /** Who; null for a key that belongs to nobody. */
  changedBy: User | null;
  /** The limit before; null when there was none. */
  oldLimit: string | null;
  /** The limit after; null when it was removed. */
  newLimit: string | null;
}

/** Changes of a budget limit, a page at a time. */
export interface BudgetChangeConnection {
  /** Entries with their cursors. */
  edges: Array<BudgetChangeEdge>;
  /** The entries alone. */
  nodes: Array<BudgetChange>;
  /** Where the page begins and ends. */
  pageInfo: PageInfo;
}

/** One entry of a page of budget changes. */
export interface BudgetChangeEdge {
  /** Where it stands. */
  cursor: string;
  /** The change. */
  node: BudgetChange;
}

/** Where spend stands against a budget limit; decided on exact amounts. */
export type BudgetStatus =
  /** No limit is set. */
  | "NONE"
  /** Below 80 % (green). */
  | "OK"
  /** From 80 % and below 100 % (yellow). */
  | "WARNING"
  /** 100 % or more (red); with a limit of 0, as soon as anything was spent. */
  | "EXCEEDED";

/** A call that is about to be made. */
export interface CallEstimateInput {
  /** Who runs the model; found from the model's name when omitted and unambiguous. */
  provider?: string | null;
  /** The model's exact name. */
  model: string;
  /** Input tokens, counted as if none were cached. */
  inputTokens: number;
  /** Most output tokens the call may return, reasoning included. */
  maxOutputTokens: number;
}

/** How a model call ended. */
export type CallOutcome =
  /** An answer came. */
  | "SUCCEEDED"
  /** The provider or the connection failed; what it charged is still recorded. */
  | "FAILED";

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
  /** The stretch it counts now; null for a whole run. */
  currentPeriod: Period | null;
  /** What its amounts are measured in. */
  unit: SpendUnit;
  /** The limit. */
  limit: string;
  /** What was spent in the current period. */
  spent: string;
  /** What is held by open reservations. */
  held: string;
  /** `limit` minus `spent` minus `held`, never below 0: what may still be reserved. */
  remaining: string;
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
  assumedInputPrice: string | null;
  /** Dollars per million output tokens under ASSUME; null otherwise. */
  assumedOutputPrice: string | null;
  /**
   * The parent run's cap out of which this allowance was given; null when it stands by itself.
   */
  allowanceOf: Cap | null;
  /** Transactions without a known price, left out of `spent`. */
  unpricedTransactions: number;
  /** When it was last changed. */
  updatedAt: string;
  /** Who changed it last; null for a key that belongs to nobody. */
  updatedBy: User | null;
  /** Whether the viewer may change it. */
  viewerCanChange: boolean;
}

/** What a cap does when it is reached. */
export type CapAction =
  /** Refuses. */
  | "BLOCK"
  /** Grants, and says so. */
  | "WARN";

/** Caps, a page at a time. */
export interface CapConnection {
  /** Entries with their cursors. */
  edges: Array<CapEdge>;
  /** The entries alone. */
  nodes: Array<Cap>;
  /** Where the page begins and ends. */
  pageInfo: PageInfo;
}

/** One entry of a page of caps. */
export interface CapEdge {
  /** Where it stands. */
  cursor: string;
  /** The cap. */
  node: Cap;
}

/** Which caps. Fields given are all met. */
export interface CapFilter {
  /** Only on this kind of thing. */
  scope?: CapScope | null;
  /** Only on this thing. */
  targetId?: string | null;
  /** Only those that apply to spending on this project, from the organization down. */
  appliesToProjectId?: string | null;
  /** Only in this state. */
  status?: CapStatus | null;
}

/** The time over which a cap counts. */
export type CapPeriod =
  /** A billing cycle. */
  | "BILLING_CYCLE"
  /** A calendar month. */
  | "MONTH"
  /** A calendar day. */
  | "DAY"
  /** The whole life of the run; scope RUN only. */
  | "RUN";

/** What a cap would have done to the past. */
export interface CapRehearsal {
  /** What was replayed. */
  period: Period;
  /** What amounts are measured in. */
  unit: SpendUnit;
  /** Calls that would have been blocked. */
  blockedCalls: number;
  /** What they cost. */
  blockedAmount: string;
  /** Transactions without a known price, left out. */
  unpricedTransactions: number;
  /** Each period in which the cap would have struck, oldest first, at most 400. */
  strikes: Array<CapStrike>;
}

/** What a cap limits. */
export type CapScope =
  /** An organization. */
  | "ORGANIZATION"
  /** A workspace group. */
  | "WORKSPACE_GROUP"
  /** A workspace. */
  | "WORKSPACE"
  /** A project. */
  | "PROJECT"
  /** A pipeline run, subagents included. */
  | "RUN"
  /** An API key. */
  | "API_KEY"
  /** A user. */
  | "USER";

/** How a cap stands. */
export type CapStatus =
  /** Below 80 %. */
  | "OK"
  /** From 80 %. */
  | "NEAR"
  /** Nothing more fits. */
  | "REACHED";

/** One period in which a rehearsed cap would have struck. */
export interface CapStrike {
  /** The cap's period. */
  period: Period;
  /** When it would have struck first. */
  struckAt: string;
  /** Calls blocked from then on. */
  blockedCalls: number;
  /** What they cost. */
  blockedAmount: string;
}

/** What a cap may be set on. */
export type CapTarget = Union<{ ApiKey: ApiKey; Organization: Organization; PipelineRun: PipelineRun; Project: Project; User: User; Workspace: Workspace; WorkspaceGroup: WorkspaceGroup }>;

/** A key to make. */
export interface CreateApiKeyInput {
  /** Name to show. */
  name: string;
  /** What it may do; at most what the viewer may do there. */
  role: Role;
  /** For this workspace; for the organization with neither id. */
  workspaceId?: string | null;
  /** For this project; for the organization with neither id. */
  projectId?: string | null;
  /** Whether it acts for the viewer, whose spend is then counted and who owns it. */
  isPersonal?: boolean;
  /** From when it works no more; never when omitted. */
  expiresAt?: string | null;
}

/** What to download; exactly one. */
export type CreateDownloadInput =
  /** 000's CSV. */
  | { usageEntries: UsageEntriesDownloadInput; apiCalls?: never }
  /** 001's CSV. */
  | { apiCalls: ApiCallsDownloadInput; usageEntries?: never };

/** Answer to `createDownload`. */
export interface CreateDownloadPayload {
  /** Path on this server, for one download; null when refused. */
  url: string | null;
  /** Until when it works, one minute from now; null when refused. */
  expiresAt: string | null;
  /** What to put right. */
  userErrors: Array<UserError>;
}

/** A project to make. */
export interface CreateProjectInput {
  /** The workspace it belongs to. */
  workspaceId: string;
  /** Name to show, once only in the workspace. */
  name: string;
  /** Who answers for its spend; the viewer when omitted. Others take OWNER. */
  ownerId?: string | null;
}

/** A workspace group to make. */
export interface CreateWorkspaceGroupInput {
  /** Name to show, once only in the organization. */
  name: string;
}

/** A workspace to make. */
export interface CreateWorkspaceInput {
  /** Name to show, once only in the organization. */
  name: string;
}

/** One bucket of credits in the running cycle. */
export interface CreditBucket {
  /** Credits there were to use. */
  allocation: string;
  /** Credits used. */
  used: string;
  /** Credits left. */
  remaining: string;
  /** When it is filled again; null for bonus credits. */
  resetsAt: string | null;
}

/** Credits that came or lapsed. Never edited. */
export interface CreditGrant {
  /** Why. */
  kind: CreditGrantKind;
  /** How many; negative when they lapsed or were taken back. */
  credits: string;
  /** When. */
  grantedAt: string;
  /** Who; null for the program itself and for keys of nobody. */
  grantedBy: User | null;
  /** When the cycle began that was running. */
  cycleStart: string;
  /** What for, in words. */
  reason: string;
}

/** Grants of credits, a page at a time. */
export interface CreditGrantConnection {
  /** Entries with their cursors. */
  edges: Array<CreditGrantEdge>;
  /** The entries alone. */
  nodes: Array<CreditGrant>;
  /** Where the page begins and ends. */
  pageInfo: PageInfo;
}

/** One entry of a page of grants. */
export interface CreditGrantEdge {
  /** Where it stands. */
  cursor: string;
  /** The grant. */
  node: CreditGrant;
}

/** Why credits came or lapsed. */
export type CreditGrantKind =
  /** A billing cycle opened with them. */
  | "MONTHLY"
  /** A better plan added them to the running cycle. */
  | "PLAN"
  /** They were left when their cycle ended; negative. */
  | "EXPIRY"
  /** They were granted, or taken back when negative. */
  | "BONUS";

/** From which bucket a deduction was taken. */
export interface CreditSplit {
  /** Credits of the plan. */
  monthly: string;
  /** Bonus credits. */
  bonus: string;
  /** Credits beyond both buckets: usage that happened though none were left. */
  overage: string;
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
  cost: string | null;
  /** What the source said it cost, when it did. */
  sourceCost: string | null;
  /** Within or beyond the monthly limit. */
  entryType: EntryType;
  /** The part of `cost` beyond the limit; null when unpriced. */
  onDemandCost: string | null;
  /** Credits taken, by bucket; null where the organization pays in dollars. */
  credits: CreditSplit | null;
  /** What the money was spent on. */
  project: Project;
  /** Same as `run.id` (003's name); null outside any run. */
  runId: string | null;
  /** The run; null outside any. */
  run: PipelineRun | null;
  /** Same as `job.id`; null outside any job. */
  jobId: string | null;
  /** The agent job; null outside any. */
  job: AgentJob | null;
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
  apiKey: ApiKey | null;
  /** The person it counts for; null when none. */
  user: User | null;
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
  inputPrice: string | null;
  /** Dollars per million output tokens that applied; null when unpriced or for embeddings. */
  outputPrice: string | null;
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
  corrects: CreditTransaction | null;
}

/** Entries of the ledger, a page at a time. */
export interface CreditTransactionConnection {
  /** Entries with their cursors. */
  edges: Array<CreditTransactionEdge>;
  /** The entries alone. */
  nodes: Array<CreditTransaction>;
  /** Where the page begins and ends. */
  pageInfo: PageInfo;
}

/** One entry of a page of the ledger. */
export interface CreditTransactionEdge {
  /** Where it stands. */
  cursor: string;
  /** The transaction. */
  node: CreditTransaction;
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
  allocation: string | null;
  /** What was used in the cycle. */
  used: string;
  /** What is left; null without a limit. */
  remaining: string | null;
  /** `used` / `allocation` * 100; null without a limit or with one of 0. */
  usedPct: number | null;
  /** Credits of the plan; null under BYOM. */
  monthly: CreditBucket | null;
  /** Bonus credits; null under BYOM. */
  bonus: CreditBucket | null;
  /** The blocking monthly cap under BYOM; null without one. */
  spendCap: Cap | null;
  /** Whole days since the cycle began, today not counted. */
  daysElapsed: number;
  /** Whole days until the cycle ends, today counted. */
  daysRemaining: number;
  /** `used` by elapsed time, a day. */
  averagePerDay: string;
  /** When it will be used up; null without a limit or without use. */
  runOut: RunOut | null;
  /** What will have been used at the cycle's end. */
  projectedTotal: string;
  /** Low estimate of the same. */
  projectedTotalLow: string;
  /** High estimate of the same. */
  projectedTotalHigh: string;
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
  totalCost: string;
  /** All tokens. */
  totalTokens: number;
  /** Jobs completed in the month. */
  totalJobs: number;
  /** Transactions without a known price, left out of `totalCost`. */
  unpricedTransactions: number;
  /** Dollars of the whole month before. */
  previousCost: string;
  /** `totalCost` minus `previousCost`. */
  costChange: string;
  /** Sum of the limits of projects that have one; null when none has. */
  totalBudget: string | null;
  /** Dollars of the projects that have a limit: what `totalBudget` compares with. */
  budgetedCost: string;
  /** `budgetedCost` / `totalBudget` * 100; null when `totalBudget` is null or 0. */
  budgetPct: number | null;
  /** How many projects are summed, shown or not. */
  projectCount: number;
  /** How many of them are at WARNING. */
  warningCount: number;
  /** How many of them are EXCEEDED. */
  exceededCount: number;
  /** Projects, highest cost first, those without spend included. */
  projects: Field<{ limit?: number }, Array<ProjectSpend>>;
}

/** One day of a series. */
export interface DailyPoint {
  /** Which local day. */
  date: string;
  /** The day as instants; 23 to 25 hours. */
  period: Period;
  /** Dollars, unpriced transactions left out. */
  cost: string;
  /** All tokens. */
  totalTokens: number;
  /** Jobs completed on the day. */
  jobCount: number;
  /** Transactions without a known price, left out of `cost`. */
  unpricedTransactions: number;
}

/** Local days, both included. */
export interface DateRangeInput {
  /** First day. */
  first: string;
  /** Last day; not before `first`, at most 366 days after it. */
  last: string;
}

/** Why a reservation was denied. */
export type DenialReason =
  /** It does not fit under a cap. */
  | "CAP_REACHED"
  /** The model's price is unknown and a cap refuses unknown prices. */
  | "UNPRICED_MODEL"
  /** Credits are used up. */
  | "CREDITS_OUT";

/**
 * How an entry counts against the organization's monthly limit, fixed when it was written
 * (000).
 */
export type EntryType =
  /** Within the limit. */
  | "INCLUDED"
  /** Beyond the limit, wholly or in part. */
  | "ON_DEMAND";

/** A reservation to keep longer. */
export interface ExtendReservationInput {
  /** By the caller's own name. */
  key: string;
  /** Seconds from now, 1 to 86,400. */
  ttlSeconds: number;
}

/** Bonus credits to grant. */
export interface GrantCreditsInput {
  /**
   * The caller's name for the grant: sending it again grants nothing more. Each call grants
   * when omitted.
   */
  key?: string | null;
  /** How many; negative takes back ones that were not used. */
  credits: string | number;
  /** What they are for, kept with the grant. */
  reason: string;
}

/** Answer to `grantCredits`. */
export interface GrantCreditsPayload {
  /** The organization as it is now; null when refused. */
  organization: Organization | null;
  /** Whether the key had granted before, so that nothing was changed. */
  isDuplicate: boolean;
  /** What to put right. */
  userErrors: Array<UserError>;
}

/** A role to give, in place of the one that the person has at the same level. */
export interface GrantMembershipInput {
  /** Address of the person; somebody new is written down and may sign in with it. */
  email: string;
  /** Name to show, for somebody new; from the address when omitted. */
  name?: string | null;
  /** The role; OWNER takes OWNER to give. */
  role: Role;
  /** At this workspace; at the organization with neither id. */
  workspaceId?: string | null;
  /** At this project; at the organization with neither id. */
  projectId?: string | null;
}

/** Answer to `grantMembership`. */
export interface GrantMembershipPayload {
  /** The membership as it is now; null when refused. */
  membership: Membership | null;
  /** What to put right. */
  userErrors: Array<UserError>;
}

/** Length of one bucket of a series. */
export type Granularity =
  /** A local hour; a day with a change to or from summer time has 23 or 25. */
  | "HOUR"
  /** A local day. */
  | "DAY"
  /**
   * Seven local days, counted back from the end of the range; the first bucket may be shorter.
   */
  | "WEEK";

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
  cost: string;
  /** Transactions without a known price, left out of `cost`. */
  unpricedTransactions: number;
  /** The local hour that it begins with, 0 to 23. */
  hour: number;
}

/** Who set an agent to work (002). */
export type Initiator =
  /** A chat session: 002's main agent. */
  | "CHAT_AGENT"
  /** A background task. */
  | "TASK_AGENT"
  /** The heartbeat. */
  | "HEARTBEAT";

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

/** Instants, half-open. */
export interface InstantRangeInput {
  /** First instant in the range. */
  from: string;
  /** First instant after the range; after `from`. */
  to: string;
}

/** An agent job, as the caller knows it. What is omitted stays as it is. */
export interface JobInput {
  /** The caller's own name for it, unique within the run. */
  key: string;
  /** Kind of agent; any name, known ones in any spelling. */
  agentType: string;
  /** Who set it to work. */
  initiator?: Initiator | null;
  /** How it stands. */
  status?: JobStatus | null;
  /** When it began. */
  startedAt?: string | null;
  /** When it ended; the job is counted in the period of this instant. */
  finishedAt?: string | null;
}

/** How an agent job stands. */
export type JobStatus =
  /** Not ended yet. */
  | "RUNNING"
  /** Ended well. */
  | "SUCCEEDED"
  /** Ended with a failure. */
  | "FAILED"
  /** Stopped by someone. */
  | "CANCELLED";

/** A person's role at the organization as a whole, at a workspace or at a project. */
export interface Membership {
  /** Identity, for caches. */
  id: string;
  /** Who has the role. */
  user: User;
  /** The role. */
  role: Role;
  /** Where, for a role at a workspace; null otherwise. */
  workspace: Workspace | null;
  /** Where, for a role at a project; null otherwise. */
  project: Project | null;
}

/** Memberships, a page at a time. */
export interface MembershipConnection {
  /** Entries with their cursors. */
  edges: Array<MembershipEdge>;
  /** The entries alone. */
  nodes: Array<Membership>;
  /** Where the page begins and ends. */
  pageInfo: PageInfo;
}

/** One entry of a page of memberships. */
export interface MembershipEdge {
  /** Where it stands. */
  cursor: string;
  /** The membership. */
  node: Membership;
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
  cost: string;
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
  cost: string | null;
  /** Share of the cost, 0..100; null when `cost` is. */
  pctOfTotal: number | null;
  /** Transactions without a known price, left out of `cost`. */
  unpricedTransactions: number;
}

/** Columns of the breakdown. */
export type ModelSpendSort =
  /** Provider, then model. */
  | "PROVIDER"
  /** Model. */
  | "MODEL"
  /** Requests. */
  | "REQUESTS"
  /** Input tokens. */
  | "INPUT_TOKENS"
  /** Output tokens. */
  | "OUTPUT_TOKENS"
  /** All tokens. */
  | "TOTAL_TOKENS"
  /** Cost; unpriced rows last. */
  | "COST";

/** One month of a trend. */
export interface MonthlyPoint {
  /** Which month. */
  month: string;
  /** The month as instants. */
  period: Period;
  /** Dollars, unpriced transactions left out. */
  cost: string;
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
  project: Project;
  /** Which month. */
  month: string;
  /** IANA zone in which the month begins. */
  timeZone: string;
  /** The month as instants. */
  period: Period;
  /** When these figures were read; of two answers the later one holds. */
  asOf: string;
  /** Dollars, unpriced transactions left out. */
  totalCost: string;
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
  previousCost: string;
  /** `totalCost` minus `previousCost`. */
  costChange: string;
  /** The limit in force at the end of the month, now in the running one; null when none. */
  budgetLimit: string | null;
  /** `totalCost` / `budgetLimit` * 100; null without a limit and with a limit of 0. */
  budgetPct: number | null;
  /** Where the month stands against the limit. */
  budgetStatus: BudgetStatus;
  /** `budgetLimit` minus `totalCost`, negative when exceeded; null without a limit. */
  budgetRemaining: string | null;
  /** Spend by agent type, highest cost first; sums to the totals. */
  agentBreakdown: Array<AgentSpend>;
  /** The most expensive runs of the month, highest first. */
  topRuns: Field<{ limit?: number }, Array<RunSpend>>;
}

/**
 * What can be changed. Each field is its own transaction, in the order written; a payload is
 * null only beside an entry in `errors`, and its neighbours stand.
 */
export interface Mutation {
  /**
   * Sets a project's monthly threshold. ADMIN of the project. Sending the same again changes
   * nothing.
   */
  setBudgetLimit: Field<{ input: SetBudgetLimitInput }, SetBudgetLimitPayload | null>;
  /** Takes a project's threshold away. ADMIN of the project. */
  removeBudgetLimit: Field<{ input: RemoveBudgetLimitInput }, SetBudgetLimitPayload | null>;
  /**
   * Sets up to 100 thresholds, each by itself: results in the order given. ADMIN of each
   * project.
   */
  setBudgetLimits: Field<{ input: SetBudgetLimitsInput }, SetBudgetLimitsPayload | null>;
  /**
   * Records up to 1,000 events, each by itself: results in the order given. MEMBER of each
   * project.
   */
  recordUsage: Field<{ input: RecordUsageInput }, RecordUsagePayload | null>;
  /**
   * Creates or updates a run and its jobs without usage: to cap a run before it spends, and to
   * say that a job has ended. MEMBER.
   */
  recordRun: Field<{ input: RecordRunInput }, RecordRunPayload | null>;
  /**
   * Holds money under every cap that applies, or under none. The same key again answers the
   * same; a denial is not remembered. MEMBER.
   */
  reserveSpend: Field<{ input: ReserveSpendInput }, ReserveSpendResult | null>;
  /**
   * Posts what a call used and, unless more is to come, frees the rest; in one transaction.
   * MEMBER.
   */
  settleReservation: Field<{ input: SettleReservationInput }, SettleReservationPayload | null>;
  /** Frees a reservation that was not needed. MEMBER. */
  releaseReservation: Field<{ input: ReleaseReservationInput }, ReservationPayload | null>;
  /** Gives a reservation more time. MEMBER. */
  extendReservation: Field<{ input: ExtendReservationInput }, ReservationPayload | null>;
  /**
   * Sets a cap, or changes the one with the same scope, thing, period and action. ADMIN above
   * the level it binds.
   */
  setCap: Field<{ input: SetCapInput }, SetCapPayload | null>;
  /** Takes a cap away. ADMIN above the level it binds. */
  removeCap: Field<{ input: RemoveCapInput }, RemoveCapPayload | null>;
  /** Appends prices for one model. ADMIN of the organization. */
  setPrice: Field<{ input: SetPriceInput }, SetPricePayload | null>;
  /**
   * Recalculates past entries at the prices known now and posts the differences. ADMIN of the
   * organization.
   */
  repriceUsage: Field<{ input: RepriceUsageInput }, RepriceUsagePayload | null>;
  /** Makes an address from which a browser can download an export without headers, once. */
  createDownload: Field<{ input: CreateDownloadInput }, CreateDownloadPayload | null>;
  /** Changes the name or the time zone of the viewer's organization. ADMIN of it. */
  updateOrganization: Field<{ input: UpdateOrganizationInput }, UpdateOrganizationPayload | null>;
  /** Changes how the viewer's organization pays, from now on. OWNER of it. */
  updateBilling: Field<{ input: UpdateBillingInput }, UpdateBillingPayload | null>;
  /**
   * Grants bonus credits to the viewer's organization, or takes unused ones back. OWNER of it.
   */
  grantCredits: Field<{ input: GrantCreditsInput }, GrantCreditsPayload | null>;
  /** Makes a workspace. ADMIN of the organization. */
  createWorkspace: Field<{ input: CreateWorkspaceInput }, WorkspacePayload | null>;
  /** Gives a workspace another name. ADMIN of the workspace. */
  renameWorkspace: Field<{ input: RenameWorkspaceInput }, WorkspacePayload | null>;
  /** Makes a workspace group. ADMIN of the organization. */
  createWorkspaceGroup: Field<{ input: CreateWorkspaceGroupInput }, WorkspaceGroupPayload | null>;
  /** Gives a workspace group another name. ADMIN of the organization. */
  renameWorkspaceGroup: Field<{ input: RenameWorkspaceGroupInput }, WorkspaceGroupPayload | null>;
  /**
   * Counts a workspace in a group, and no longer in the one it was in. ADMIN of the
   * organization.
   */
  setWorkspaceGroup: Field<{ input: SetWorkspaceGroupInput }, WorkspacePayload | null>;
  /** Counts a workspace in no group. ADMIN of the organization. */
  unsetWorkspaceGroup: Field<{ input: UnsetWorkspaceGroupInput }, WorkspacePayload | null>;
  /** Makes a project. ADMIN of the workspace. */
  createProject: Field<{ input: CreateProjectInput }, ProjectPayload | null>;
  /** Gives a project another name. ADMIN of the project. */
  renameProject: Field<{ input: RenameProjectInput }, ProjectPayload | null>;
  /** Gives a project to another member of the organization. OWNER of the project. */
  setProjectOwner: Field<{ input: SetProjectOwnerInput }, ProjectPayload | null>;
  /**
   * Gives a person a role at the organization, a workspace or a project. ADMIN there; OWNER to
   * give or replace OWNER.
   */
  grantMembership: Field<{ input: GrantMembershipInput }, GrantMembershipPayload | null>;
  /**
   * Takes a person's role at a level away, and the keys that are stronger than what remains.
   * ADMIN there; OWNER to take OWNER.
   */
  revokeMembership: Field<{ input: RevokeMembershipInput }, RevokeMembershipPayload | null>;
  /** Makes an API key and answers its secret, once. ADMIN of its level. */
  createApiKey: Field<{ input: CreateApiKeyInput }, ApiKeySecretPayload | null>;
  /** Gives an API key another name. ADMIN of its level, and at least as strong as the key. */
  renameApiKey: Field<{ input: RenameApiKeyInput }, ApiKeyPayload | null>;
  /**
   * Gives an API key a new secret and answers it, once; the old one stops working. ADMIN of its
   * level, and at least as strong as the key; a person's key by that person alone.
   */
  rotateApiKey: Field<{ input: RotateApiKeyInput }, ApiKeySecretPayload | null>;
  /**
   * Ends an API key at once; ending it again changes nothing. ADMIN of its level, and at least
   * as strong as the key.
   */
  revokeApiKey: Field<{ input: RevokeApiKeyInput }, ApiKeyPayload | null>;
}

/** A thing with an identity of its own, found again through `Query.node`. */
export type Node = Union<{ AgentJob: AgentJob; Alert: Alert; ApiKey: ApiKey; Budget: Budget; Cap: Cap; CreditTransaction: CreditTransaction; Organization: Organization; PipelineRun: PipelineRun; Price: Price; Project: Project; Repricing: Repricing; Reservation: Reservation; User: User; Workspace: Workspace; WorkspaceGroup: WorkspaceGroup }>;

/** What a model was asked to do. */
export type Operation =
  /** Text out of text. */
  | "COMPLETION"
  /** A vector out of text; has no output tokens. */
  | "EMBEDDING";

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
  /** Plan, rate, limit and cycle in force. ADMIN. */
  billing: Billing | null;
  /** The viewer's role here; null when only a workspace or project below was shared. */
  viewerRole: Role | null;
  /**
   * Whether the viewer may see organization figures (`creditUsage`, `tokenUsage`, `top...`,
   * `alerts`, `caps`).
   */
  viewerCanSeeFigures: boolean;
  /** Workspaces that the viewer may see, by name. */
  workspaces: Field<{ first?: number | null; after?: string | null }, WorkspaceConnection | null>;
  /** Its workspace groups, by name. */
  workspaceGroups: Field<{ first?: number | null; after?: string | null }, WorkspaceGroupConnection | null>;
  /** Allocation and use in the running cycle, with its projection (004). ADMIN. */
  creditUsage: CreditUsage | null;
  /** Use over time, a line for each surface (004). ADMIN. */
  usageSeries: Field<{ range: RangeInput; granularity: Granularity }, UsageSeries | null>;
  /** Workspaces by use, most first (004). ADMIN. */
  topWorkspaces: Field<{ range?: RangeInput | null; first?: number | null; after?: string | null }, WorkspaceSpendConnection | null>;
  /** Workspace groups by use, most first (004). ADMIN. */
  topWorkspaceGroups: Field<{ range?: RangeInput | null; first?: number | null; after?: string | null }, WorkspaceGroupSpendConnection | null>;
  /** Users by use, most first (004). ADMIN. */
  topUsers: Field<{ range?: RangeInput | null; first?: number | null; after?: string | null }, UserSpendConnection | null>;
  /** What needs attention now, worst first (004), at most 100. ADMIN. */
  alerts: Array<Alert> | null;
  /** Who has which role at which level, by the person's name. ADMIN. */
  members: Field<{ first?: number | null; after?: string | null }, MembershipConnection | null>;
  /** All API keys, revoked ones included, by name. ADMIN. */
  apiKeys: Field<{ first?: number | null; after?: string | null }, ApiKeyConnection | null>;
  /**
   * Prices in force at an instant (now, when omitted); the organization's own before public
   * ones.
   */
  prices: Field<{ provider?: string | null; model?: string | null; at?: string | null; first?: number | null; after?: string | null }, PriceConnection | null>;
  /** Caps anywhere in the organization that the viewer may see, by scope and name. */
  caps: Field<{ filter?: CapFilter | null; first?: number | null; after?: string | null }, CapConnection | null>;
  /** Reservations that the viewer may see, newest first. */
  reservations: Field<{ filter?: ReservationFilter | null; first?: number | null; after?: string | null }, ReservationConnection | null>;
  /** Models that were used without a known price, most tokens first. ADMIN. */
  unpricedModels: Field<{ range?: RangeInput | null; first?: number | null; after?: string | null }, UnpricedModelConnection | null>;
  /**
   * Spend of the month over the organization's projects that the viewer may see; same as
   * `Query.crossProjectSummary` for this organization.
   */
  crossProjectSummary: Field<{ month?: string | null }, CrossProjectSummary | null>;
  /** Everything that 002's page shows, for one state of its filters. ADMIN. */
  tokenUsage: Field<{ filter: TokenUsageFilter }, TokenUsage | null>;
  /** Two states of 002's filters side by side, with their differences. ADMIN. */
  tokenUsageComparison: Field<{ base: TokenUsageFilter; other: TokenUsageFilter }, TokenUsageComparison | null>;
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
  /** The run that started it; null when it started by itself. */
  parent: PipelineRun | null;
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
  cost: string;
  /** Transactions without a known price, left out of `cost`. */
  unpricedTransactions: number;
  /** All tokens over its whole life. */
  totalTokens: number;
  /** Completed agent jobs. */
  jobCount: number;
  /** Its agents' work, oldest first. */
  jobs: Field<{ first?: number | null; after?: string | null }, AgentJobConnection | null>;
}

/** Pipeline runs, a page at a time. */
export interface PipelineRunConnection {
  /** Entries with their cursors. */
  edges: Array<PipelineRunEdge>;
  /** The entries alone. */
  nodes: Array<PipelineRun>;
  /** Where the page begins and ends. */
  pageInfo: PageInfo;
}

/** One entry of a page of pipeline runs. */
export interface PipelineRunEdge {
  /** Where it stands. */
  cursor: string;
  /** The run. */
  node: PipelineRun;
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
  dollarsPerMillion: string;
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
  /** Entries with their cursors. */
  edges: Array<PriceEdge>;
  /** The entries alone. */
  nodes: Array<Price>;
  /** Where the page begins and ends. */
  pageInfo: PageInfo;
}

/** One entry of a page of prices. */
export interface PriceEdge {
  /** Where it stands. */
  cursor: string;
  /** The price. */
  node: Price;
}

/** Where a price comes from. */
export type PriceSource =
  /** The public price list. */
  | "PUBLIC"
  /** The organization's own, which goes before the public one. */
  | "ORGANIZATION";

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
  /** Spend of one month; the running one when `month` is omitted (003). */
  monthlySummary: Field<{ month?: string | null }, MonthlySummary | null>;
  /** Spend by month, oldest first, months without spend included (003). */
  monthlyTrend: Field<{ months?: number; until?: string | null }, Array<MonthlyPoint> | null>;
  /** Spend by day, oldest first, days without spend included (003). */
  dailySpend: Field<{ days?: number; until?: string | null }, Array<DailyPoint> | null>;
  /** The latest entries of the ledger, newest first (003). */
  recentTransactions: Field<{ limit?: number; kinds?: readonly (TransactionKind)[] }, Array<CreditTransaction> | null>;
  /** The ledger, newest first. */
  transactions: Field<{ filter?: TransactionFilter | null; first?: number | null; after?: string | null }, CreditTransactionConnection | null>;
  /** Pipeline runs, newest start first. */
  pipelineRuns: Field<{ first?: number | null; after?: string | null }, PipelineRunConnection | null>;
}

/** Projects, a page at a time. */
export interface ProjectConnection {
  /** Entries with their cursors. */
  edges: Array<ProjectEdge>;
  /** The entries alone. */
  nodes: Array<Project>;
  /** Where the page begins and ends. */
  pageInfo: PageInfo;
}

/** One entry of a page of projects. */
export interface ProjectEdge {
  /** Where it stands. */
  cursor: string;
  /** The project. */
  node: Project;
}

/** Which projects to list. Fields given are all met. */
export interface ProjectFilter {
  /** In this workspace. */
  workspaceId?: string | null;
  /** Owned by this user. */
  ownerId?: string | null;
  /** Owned by the viewer. */
  ownedByViewer?: boolean | null;
  /** With this budget status in the running month. */
  budgetStatus?: BudgetStatus | null;
}

/** Answer to `createProject`, `renameProject` and `setProjectOwner`. */
export interface ProjectPayload {
  /** The project as it is now; null when refused. */
  project: Project | null;
  /** What to put right. */
  userErrors: Array<UserError>;
}

/** Which projects a portfolio covers. */
export type ProjectScope =
  /** Those that the caller owns. */
  | "OWNED"
  /** Those that the caller owns or may see. */
  | "REACHABLE";

/** One project's part of a cross-project summary. */
export interface ProjectSpend {
  /** Which project. */
  project: Project;
  /** Dollars, unpriced transactions left out. */
  cost: string;
  /** All tokens. */
  totalTokens: number;
  /** Jobs completed in the month. */
  totalJobs: number;
  /** Transactions without a known price, left out of `cost`. */
  unpricedTransactions: number;
  /** The limit, as in `MonthlySummary.budgetLimit`. */
  budgetLimit: string | null;
  /** As in `MonthlySummary.budgetPct`. */
  budgetPct: number | null;
  /** As in `MonthlySummary.budgetStatus`. */
  budgetStatus: BudgetStatus;
  /** As in `MonthlySummary.budgetRemaining`. */
  budgetRemaining: string | null;
  /** Share of the summary's cost, 0..100; 0 when nothing was spent. */
  pctOfTotal: number;
  /** Dollars of the whole month before. */
  previousCost: string;
  /** `cost` minus `previousCost`. */
  costChange: string;
}

/**
 * What can be asked. A field is null only beside an entry in `errors`; a thing that is not
 * yours and one that does not exist both answer NOT_FOUND.
 */
export interface Query {
  /** Any thing by its id. */
  node: Field<{ id: string }, Node | null>;
  /** Who is asking. */
  viewer: Viewer | null;
  /** An organization; the viewer's when `id` is omitted. */
  organization: Field<{ id?: string | null }, Organization | null>;
  /** A workspace. */
  workspace: Field<{ id: string }, Workspace | null>;
  /** A project, with every report about it: the way for pages. */
  project: Field<{ id: string }, Project | null>;
  /** Projects that the caller owns or may see, by name. */
  projects: Field<{ filter?: ProjectFilter | null; first?: number | null; after?: string | null }, ProjectConnection | null>;
  /** A run by the caller's own key; by our id use `node`. */
  pipelineRun: Field<{ projectId: string; key: string }, PipelineRun | null>;
  /** A reservation by the caller's own key. */
  reservation: Field<{ key: string }, Reservation | null>;
  /** Agent types in the registry, for legends and filters, by label. */
  agentTypes: Array<AgentType> | null;
  /** 003: same as `project.monthlySummary`. */
  monthlySummary: Field<{ projectId: string; month?: string | null }, MonthlySummary | null>;
  /** 003: same as `project.monthlyTrend`. */
  monthlyTrend: Field<{ projectId: string; months?: number; until?: string | null }, Array<MonthlyPoint> | null>;
  /**
   * 003: one month over the projects that the caller owns or may see in the organization in
   * which the request acts (header `x-organization-id`; the caller's first when absent).
   */
  crossProjectSummary: Field<{ month?: string | null; scope?: ProjectScope }, CrossProjectSummary | null>;
  /** 003: same as `project.recentTransactions`. */
  recentTransactions: Field<{ projectId: string; limit?: number; kinds?: readonly (TransactionKind)[] }, Array<CreditTransaction> | null>;
  /** 003: same as `project.dailySpend`. */
  dailySpend: Field<{ projectId: string; days?: number; until?: string | null }, Array<DailyPoint> | null>;
  /** What a cap would have done to the past. ADMIN of the thing it limits. */
  rehearseCap: Field<{ input: RehearseCapInput }, CapRehearsal | null>;
}

/** Which stretch of time: exactly one of the three. Echoed as a `Period` in the answer. */
export type RangeInput =
  /** A named range, resolved by the server in the organization's zone. */
  | { preset: RangePreset; dates?: never; instants?: never }
  /** Local days. */
  | { dates: DateRangeInput; preset?: never; instants?: never }
  /** Instants; reports (not lists) take them on full local hours only. */
  | { instants: InstantRangeInput; preset?: never; dates?: never };

/**
 * Named ranges of 000, 002 and 004. Ranges of days end with today; a month to date ends now.
 */
export type RangePreset =
  /** 24 local hours, ending with the running one (000's 1d, 004's 24 hours). */
  | "LAST_24_HOURS"
  /** Today. */
  | "TODAY"
  /** Yesterday. */
  | "YESTERDAY"
  /** 7 days with today. */
  | "LAST_7_DAYS"
  /** 14 days with today. */
  | "LAST_14_DAYS"
  /** 30 days with today. */
  | "LAST_30_DAYS"
  /** 90 days with today. */
  | "LAST_90_DAYS"
  /** The running calendar month (000's MTD). */
  | "THIS_MONTH"
  /** The calendar month before the running one. */
  | "LAST_MONTH"
  /** The running billing cycle. */
  | "THIS_CYCLE"
  /** The billing cycle before the running one. */
  | "LAST_CYCLE";

/** One price. */
export interface RateInput {
  /** Which tokens. */
  tokenClass: TokenClass;
  /** Dollars per million tokens, 0 or more; 0 is a price. */
  dollarsPerMillion: string | number;
  /** From this many input tokens in the call on. */
  minInputTokens?: number;
  /** Service tier; the standard one when omitted. */
  serviceTier?: string | null;
}

/** A run and its jobs, without usage. */
export interface RecordRunInput {
  /** What the run's money is spent on. */
  projectId: string;
  /** The run. */
  run: RunInput;
  /** Its jobs, up to 100. */
  jobs?: readonly (JobInput)[];
}

/** Answer to `recordRun`. */
export interface RecordRunPayload {
  /** The run as it is now; null when refused. */
  run: PipelineRun | null;
  /** What to put right. */
  userErrors: Array<UserError>;
}

/** Events to record. */
export interface RecordUsageInput {
  /** 1 to 1,000. */
  events: readonly (UsageEventInput)[];
}

/** Answer to `recordUsage`. */
export interface RecordUsagePayload {
  /** One for each event, in the order given; empty when the call as a whole was refused. */
  results: Array<UsageResult>;
  /** What to put right in the call as a whole. */
  userErrors: Array<UserError>;
}

/** The cap to rehearse. */
export interface RehearseCapInput {
  /** What kind of thing to limit. */
  scope: CapScope;
  /** The thing to limit. */
  scopeId: string;
  /** The time over which to count. */
  period: CapPeriod;
  /** The limit. */
  limit: string | number;
  /** What it is measured in. */
  unit?: SpendUnit;
  /** Which past to replay. */
  range: RangeInput;
}

/** A reservation to give back. */
export interface ReleaseReservationInput {
  /** By the caller's own name. */
  key: string;
}

/** A threshold to take away. */
export interface RemoveBudgetLimitInput {
  /** Which project. */
  projectId: string;
}

/** A cap to take away. */
export interface RemoveCapInput {
  /** Which cap. */
  capId: string;
}

/** Answer to `removeCap`. */
export interface RemoveCapPayload {
  /** The id that is gone, for caches; null when refused. */
  removedCapId: string | null;
  /** What to put right. */
  userErrors: Array<UserError>;
}

/** Another name for a key. */
export interface RenameApiKeyInput {
  /** Which key. */
  apiKeyId: string;
  /** Name to show. */
  name: string;
}

/** Another name for a project. */
export interface RenameProjectInput {
  /** Which project. */
  projectId: string;
  /** Name to show, once only in the workspace. */
  name: string;
}

/** Another name for a workspace group. */
export interface RenameWorkspaceGroupInput {
  /** Which group. */
  workspaceGroupId: string;
  /** Name to show, once only in the organization. */
  name: string;
}

/** Another name for a workspace. */
export interface RenameWorkspaceInput {
  /** Which workspace. */
  workspaceId: string;
  /** Name to show, once only in the organization. */
  name: string;
}

/** What to recalculate. */
export interface RepriceUsageInput {
  /** Whose; the viewer's organization when omitted. */
  organizationId?: string | null;
  /** Which calls, by when they were made. */
  range: RangeInput;
  /** Only these models; all when omitted. */
  models?: readonly (string)[] | null;
  /** Whether to show the differences only. Said each time. */
  dryRun: boolean;
  /**
   * The dry run that was looked at: when figures have moved since, nothing is posted and the
   * answer is STALE. Required unless `dryRun`.
   */
  afterDryRunId?: string | null;
}

/** Answer to `repriceUsage`. */
export interface RepriceUsagePayload {
  /** The recalculation, possibly still running; null when refused. */
  repricing: Repricing | null;
  /** What to put right. */
  userErrors: Array<UserError>;
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
  difference: string;
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
  costBefore: string;
  /** Their dollars after. */
  costAfter: string;
  /** After minus before: what totals move by. */
  difference: string;
}

/** How a repricing stands. */
export type RepricingStatus =
  /** Not done yet. */
  | "RUNNING"
  /** Done. */
  | "DONE"
  /** Stopped; nothing was posted. */
  | "FAILED";

/** Money held before a call. */
export interface Reservation {
  /** Opaque id. */
  id: string;
  /** The caller's own name for it, unique within the organization. */
  key: string;
  /** How it stands. */
  status: ReservationStatus;
  /** What the money is for. */
  project: Project;
  /** The run; null outside any. */
  run: PipelineRun | null;
  /** Dollars held when it was granted. */
  amount: string;
  /** Dollars posted to the ledger so far. */
  settledCost: string;
  /** Dollars still held; 0 once it has ended. */
  held: string;
  /** Dollars posted beyond `amount`; 0 when none. */
  overrun: string;
  /** When it was granted. */
  createdAt: string;
  /** When it ends by itself. */
  expiresAt: string;
  /** Seconds until then by the server's clock; 0 once it has ended. */
  expiresInSeconds: number;
  /** When it ended; null while open. */
  endedAt: string | null;
  /** The caps that hold it. */
  caps: Array<Cap>;
}

/** Reservations, a page at a time. */
export interface ReservationConnection {
  /** Entries with their cursors. */
  edges: Array<ReservationEdge>;
  /** The entries alone. */
  nodes: Array<Reservation>;
  /** Where the page begins and ends. */
  pageInfo: PageInfo;
}

/** One entry of a page of reservations. */
export interface ReservationEdge {
  /** Where it stands. */
  cursor: string;
  /** The reservation. */
  node: Reservation;
}

/** Which reservations. Fields given are all met. */
export interface ReservationFilter {
  /** Only in this state. */
  status?: ReservationStatus | null;
  /** Only for this project. */
  projectId?: string | null;
  /** Only for this run, by our id. */
  runId?: string | null;
  /** Only this one, by the caller's key. */
  key?: string | null;
}

/** Answer to `releaseReservation` and `extendReservation`. */
export interface ReservationPayload {
  /** The reservation as it is now; null when refused. */
  reservation: Reservation | null;
  /** What to put right. */
  userErrors: Array<UserError>;
}

/** How a reservation stands. */
export type ReservationStatus =
  /** Held. */
  | "OPEN"
  /** Ended by the actual usage. */
  | "SETTLED"
  /** Given back. */
  | "RELEASED"
  /** Ended by the clock. */
  | "EXPIRED";

/** A request to hold money: an amount, or a call for us to price; exactly one of the two. */
export interface ReserveSpendInput {
  /** The caller's own name for the reservation, unique within the organization. */
  key: string;
  /** What the money is for. */
  projectId: string;
  /** The run, by the caller's own name; created when new. */
  runKey?: string | null;
  /** The agent job, by the caller's own name; needs `runKey`. */
  jobKey?: string | null;
  /** The key that will call; the one in use when omitted. */
  apiKeyId?: string | null;
  /** The person it counts for. */
  userId?: string | null;
  /** Dollars, above 0. */
  amount?: string | number | null;
  /** The call, to be priced at its most expensive. */
  call?: CallEstimateInput | null;
  /** Seconds until it ends by itself, 1 to 86,400 (settle or extend before). */
  ttlSeconds?: number;
}

/** Whether the money is held. */
export type ReserveSpendResult = Union<{ SpendDenied: SpendDenied; SpendGranted: SpendGranted; SpendRejected: SpendRejected }>;

/** A key to end. */
export interface RevokeApiKeyInput {
  /** Which key. */
  apiKeyId: string;
}

/** A role to take away. */
export interface RevokeMembershipInput {
  /** Whose. */
  userId: string;
  /** At this workspace; at the organization with neither id. */
  workspaceId?: string | null;
  /** At this project; at the organization with neither id. */
  projectId?: string | null;
}

/** Answer to `revokeMembership`. */
export interface RevokeMembershipPayload {
  /** Whose role was taken away; null when refused. */
  user: User | null;
  /** What to put right. */
  userErrors: Array<UserError>;
}

/** What someone may do at an organization, workspace or project. */
export type Role =
  /** Everything, including giving roles. */
  | "OWNER"
  /** Budgets, caps, prices, keys, and organization or workspace figures. */
  | "ADMIN"
  /** Spending: recording usage, reserving; reading the projects it belongs to. */
  | "MEMBER"
  /** Reading only. */
  | "VIEWER";

/** A key that needs a new secret. */
export interface RotateApiKeyInput {
  /** Which key. */
  apiKeyId: string;
}

/** A run, as the caller knows it. What is omitted stays as it is. */
export interface RunInput {
  /** The caller's own name for it, unique within the project. */
  key: string;
  /** The run that started it, by the caller's own name; its caps bind this one too. */
  parentKey?: string | null;
  /** Name of the workflow. */
  workflow?: string | null;
  /** What set it off. */
  trigger?: string | null;
  /** How it stands. */
  status?: RunStatus | null;
  /** When it began. */
  startedAt?: string | null;
  /** When it ended. */
  finishedAt?: string | null;
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
  run: PipelineRun;
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
  cost: string;
  /** Share of the month's cost, 0..100; 0 when nothing was spent. */
  pctOfTotal: number;
  /** Transactions without a known price, left out of `cost`. */
  unpricedTransactions: number;
}

/** How an execution or an agent's work stands. */
export type RunStatus =
  /** Not ended yet. */
  | "RUNNING"
  /** Ended well. */
  | "SUCCEEDED"
  /** Ended with a failure. */
  | "FAILED"
  /** Stopped by someone. */
  | "CANCELLED";

/** A threshold for one project. */
export interface SetBudgetLimitInput {
  /** Which project. */
  projectId: string;
  /** Dollars a month, 0 to 1e9, up to 12 decimals; 0 is a limit. */
  limitDollars: string | number;
}

/** Answer to `setBudgetLimit` and `removeBudgetLimit`. */
export interface SetBudgetLimitPayload {
  /** The threshold as it is now; null when refused. */
  budget: Budget | null;
  /** The project, from which a page can ask again for what it shows; null when refused. */
  project: Project | null;
  /** What to put right. */
  userErrors: Array<UserError>;
}

/** Thresholds for several projects. */
export interface SetBudgetLimitsInput {
  /** 1 to 100, each project once. */
  limits: readonly (SetBudgetLimitInput)[];
}

/** Answer to `setBudgetLimits`. */
export interface SetBudgetLimitsPayload {
  /** One for each limit, in the order given. */
  results: Array<SetBudgetLimitsResult>;
  /** What to put right in the call as a whole. */
  userErrors: Array<UserError>;
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

/** A cap to set. */
export interface SetCapInput {
  /** What kind of thing to limit. */
  scope: CapScope;
  /** The thing to limit, by our id; must be of that kind. */
  scopeId: string;
  /** The time over which to count. */
  period: CapPeriod;
  /** The limit, 0 to 1e9, up to 12 decimals; 0 lets nothing through. */
  limit: string | number;
  /** What it is measured in. */
  unit?: SpendUnit;
  /** What to do when reached. */
  action?: CapAction;
  /** What to do about unknown prices. */
  unpricedPolicy?: UnpricedPolicy;
  /** Dollars per million input tokens; required with ASSUME. */
  assumedInputPrice?: string | number | null;
  /** Dollars per million output tokens; required with ASSUME. */
  assumedOutputPrice?: string | number | null;
  /** For a child run: the parent run's cap out of which this is given. */
  allowanceOfCapId?: string | null;
}

/** Answer to `setCap`. */
export interface SetCapPayload {
  /** The cap as it is now; null when refused. */
  cap: Cap | null;
  /** What to put right. */
  userErrors: Array<UserError>;
}

/** Prices for one model from one instant on. */
export interface SetPriceInput {
  /** Whose; the viewer's organization when omitted. */
  organizationId?: string | null;
  /** Who runs the model. */
  provider: string;
  /** The model's exact name. */
  model: string;
  /** First instant at which they apply; may be in the past, up to 400 days. */
  startsAt: string;
  /** The prices, each class, tier and service tier once. */
  rates: readonly (RateInput)[];
}

/** Answer to `setPrice`. */
export interface SetPricePayload {
  /** What was appended; null when refused. */
  prices: Array<Price> | null;
  /** The repricing of what had no price, begun on the way; null when there was nothing. */
  repricing: Repricing | null;
  /** What to put right. */
  userErrors: Array<UserError>;
}

/** Another owner for a project. */
export interface SetProjectOwnerInput {
  /** Which project. */
  projectId: string;
  /** Who answers for its spend from now on. */
  ownerId: string;
}

/** A group to count a workspace in. */
export interface SetWorkspaceGroupInput {
  /** Which workspace. */
  workspaceId: string;
  /** The group; a workspace is in one at most. */
  workspaceGroupId: string;
}

/** What a reserved call used. */
export interface SettleReservationInput {
  /** The reservation, by the caller's own name. */
  key: string;
  /** What was used. Project, run, job, key and user come from the reservation. */
  event: SettledUsageInput;
  /** Whether the reservation ends; false while the call streams on. */
  final?: boolean;
}

/** Answer to `settleReservation`. */
export interface SettleReservationPayload {
  /** The reservation as it is now; null when refused. */
  reservation: Reservation | null;
  /** What became of the usage; null when refused. */
  result: UsageResult | null;
  /** Dollars posted beyond what was held; 0 when none, null when refused. */
  overrun: string | null;
  /** What to put right. */
  userErrors: Array<UserError>;
}

/**
 * Usage under a reservation. While a call streams, counts are the call's so far; parts may come
 * twice and out of order.
 */
export interface SettledUsageInput {
  /**
   * The caller's own name for the event; the reservation's key when omitted, and needed while a
   * call streams.
   */
  eventKey?: string | null;
  /** When the call was made; the server's now when omitted. */
  occurredAt?: string | null;
  /** Who ran the model; as reserved when omitted. */
  provider?: string | null;
  /** The model's exact name; as reserved when omitted. */
  model?: string | null;
  /** What the model was asked to do. */
  operation?: Operation;
  /** How the call ended. */
  outcome?: CallOutcome;
  /** Where it was asked. */
  surface?: Surface;
  /** Input tokens, as the provider counts them. */
  inputTokens?: number;
  /** Output tokens, as the provider counts them. */
  outputTokens?: number;
  /** Input tokens read from a cache. */
  cacheReadTokens?: number | null;
  /** Input tokens written to a 5-minute cache, or to one of unknown life. */
  cacheWrite5mTokens?: number | null;
  /** Input tokens written to a 1-hour cache. */
  cacheWrite1hTokens?: number | null;
  /** Reasoning tokens. */
  reasoningTokens?: number | null;
  /** Whether `inputTokens` contains the cached ones. Required with any cache count. */
  inputIncludesCache?: boolean | null;
  /** Whether `outputTokens` contains the reasoning ones. Required with a reasoning count. */
  outputIncludesReasoning?: boolean | null;
  /** How long the call took. */
  durationMs?: number | null;
  /** What the source said it cost, in dollars. */
  sourceCost?: string | number | null;
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
  limit: string | null;
  /** What was spent under it; null when the caller may not see it. */
  spent: string | null;
  /** What is held under it; null when the caller may not see it. */
  held: string | null;
  /** What was asked for, in that unit; null when it could not be priced. */
  requested: string | null;
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

/** What an amount is measured in. */
export type SpendUnit =
  /** US dollars. */
  | "DOLLARS"
  /** Credits, at the organization's rate. */
  | "CREDITS";

/**
 * One report of a call that streams. Reports may come twice and out of order; totals never
 * fall.
 */
export interface StreamReportInput {
  /** The caller's own name for the call; each report has its own `eventKey`. */
  callKey: string;
  /** Whether it is the last report. */
  final?: boolean;
}

/** Where it was asked (004). */
export type Surface =
  /** The workspace editor in a browser. */
  | "WEB"
  /** The command line. */
  | "CLI"
  /** A program. */
  | "API";

/** Kinds of tokens that are priced apart. */
export type TokenClass =
  /** Input read afresh. */
  | "INPUT"
  /** Input read from a cache. */
  | "CACHE_READ"
  /** Input written to a 5-minute cache. */
  | "CACHE_WRITE_5M"
  /** Input written to a 1-hour cache. */
  | "CACHE_WRITE_1H"
  /** Output without reasoning. */
  | "OUTPUT"
  /** Reasoning. */
  | "REASONING";

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
  cost: string;
  /** `cost` by priced requests, to 12 decimals, half to even; null without any. */
  costPerRequest: string | null;
  /** Transactions without a known price, left out of `cost`. */
  unpricedTransactions: number;
  /** One point a day, oldest first, empty days included. */
  daily: Array<TokenUsageDay>;
  /** The same days by who made the request. */
  byInitiator: InitiatorSeries;
  /** One row for each provider and model. */
  breakdown: Field<{ sort?: ModelSpendSort; descending?: boolean }, Array<ModelSpend>>;
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
  costChange: string;
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
  cost: string;
  /** Transactions without a known price, left out of `cost`. */
  unpricedTransactions: number;
}

/** 002's three empty states. */
export type TokenUsageEmptyState =
  /** Nothing was ever recorded. */
  | "NO_USAGE_YET"
  /** Nothing matches these filters. */
  | "NO_MATCH"
  /** Rows match, but none falls on a day that can be drawn. */
  | "NO_DAILY";

/** One state of the filters of 002's page. */
export interface TokenUsageFilter {
  /** The days to show. */
  range: RangeInput;
  /** Only this provider; empty for requests whose provider is not known. */
  provider?: string | null;
  /** Only this model; needs `provider`. */
  model?: string | null;
  /** Only this workspace. */
  workspaceId?: string | null;
  /** Only this project. */
  projectId?: string | null;
}

/** Which entries of the ledger. Fields given are all met. */
export interface TransactionFilter {
  /** When the call was made. */
  range?: RangeInput | null;
  /** Kinds; all when omitted. */
  kinds?: readonly (TransactionKind)[] | null;
  /** Kinds of agents, by any spelling of their names. */
  agentTypes?: readonly (string)[] | null;
  /** Only this run, by our id. */
  runId?: string | null;
  /** Only this model. */
  model?: string | null;
  /** Only entries without a price (true) or with one (false). */
  isUnpriced?: boolean | null;
}

/** What an entry of the ledger is. */
export type TransactionKind =
  /** The deduction for one model call, or for a part of a streamed one. */
  | "USAGE"
  /** A correction of earlier entries. */
  | "ADJUSTMENT";

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
  /** Entries with their cursors. */
  edges: Array<UnpricedModelEdge>;
  /** The entries alone. */
  nodes: Array<UnpricedModel>;
  /** Where the page begins and ends. */
  pageInfo: PageInfo;
}

/** One entry of a page of unpriced models. */
export interface UnpricedModelEdge {
  /** Where it stands. */
  cursor: string;
  /** The model. */
  node: UnpricedModel;
}

/** What a cap does about a call whose price is unknown. */
export type UnpricedPolicy =
  /** Refuses it. */
  | "BLOCK"
  /** Lets it through, counted as unpriced. */
  | "ALLOW"
  /** Takes the cap's assumed prices. */
  | "ASSUME";

/** A workspace to count in no group. */
export interface UnsetWorkspaceGroupInput {
  /** Which workspace. */
  workspaceId: string;
}

/** What to change about how the viewer's organization pays. */
export interface UpdateBillingInput {
  /**
   * In credits or in dollars. Usage from before the cycle in which credits began takes none.
   * BYOM is refused while caps in credits exist or reservations hold credits. As it is when
   * omitted.
   */
  billingMode?: BillingMode | null;
  /**
   * Name of the plan. More credits count at once, fewer from the next cycle on. As it is when
   * omitted.
   */
  plan?: string | null;
  /**
   * Credits that a cycle opens with, agreed apart from the plan; null: the plan's. As it is
   * when omitted.
   */
  monthlyCredits?: string | number | null;
  /**
   * Credits that a dollar of cost takes from now on, above 0, at most 6 decimals. As it is when
   * omitted.
   */
  creditsPerDollar?: string | number | null;
  /**
   * Dollars a cycle that are Included; null: everything is. What was posted keeps its class. As
   * it is when omitted.
   */
  includedDollars?: string | number | null;
  /**
   * Day of the month on which cycles begin, 1 to 31, from the next cycle on; the last day of
   * shorter months. As it is when omitted.
   */
  cycleAnchorDay?: number | null;
}

/** Answer to `updateBilling`. */
export interface UpdateBillingPayload {
  /** The organization as it is now; null when refused. */
  organization: Organization | null;
  /** When the new anchor day comes into force; null when it was not asked for. */
  cycleAnchorFrom: string | null;
  /** What to put right. */
  userErrors: Array<UserError>;
}

/** What to change about the viewer's organization. */
export interface UpdateOrganizationInput {
  /** Name to show; as it is when omitted. */
  name?: string | null;
  /**
   * IANA time zone, from the next billing cycle on: days that have been counted stay as they
   * are. As it is when omitted.
   */
  timeZone?: string | null;
}

/** Answer to `updateOrganization`. */
export interface UpdateOrganizationPayload {
  /** The organization as it is now; null when refused. */
  organization: Organization | null;
  /** When the new zone comes into force; null when the zone was not asked for. */
  timeZoneFrom: string | null;
  /** What to put right. */
  userErrors: Array<UserError>;
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

/** 000's CSV. */
export interface UsageEntriesDownloadInput {
  /** Which workspace. */
  workspaceId: string;
  /** Which range. */
  range: RangeInput;
  /** Which executions. */
  filter?: UsageEntryFilter | null;
  /** Most rows; all when null. */
  limit?: number | null;
}

/** One execution and what it cost in the range (000). */
export interface UsageEntry {
  /** Identity of (run, range), for caches. */
  id: string;
  /**
   * The execution; null in the last entries of a list, which hold what each project spent
   * outside any run.
   */
  run: PipelineRun | null;
  /** What the money was spent on. */
  project: Project;
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
  cost: string;
  /** The part of `cost` beyond the monthly limit; show Included when 0. */
  onDemandCost: string;
  /** Transactions without a known price, left out of `cost`. */
  unpricedTransactions: number;
}

/** Executions, a page at a time, stable while rows arrive. */
export interface UsageEntryConnection {
  /** The range, resolved. */
  period: Period;
  /** Entries with their cursors. */
  edges: Array<UsageEntryEdge>;
  /** The entries alone. */
  nodes: Array<UsageEntry>;
  /** Where the page begins and ends. */
  pageInfo: PageInfo;
}

/** One entry of a page of executions. */
export interface UsageEntryEdge {
  /** Where it stands; the same cursor continues `GET /api/billing/usage`. */
  cursor: string;
  /** The execution. */
  node: UsageEntry;
}

/** Which executions to show. Fields given are all met; a list is met by any of its values. */
export interface UsageEntryFilter {
  /** Projects, by id. */
  projectIds?: readonly (string)[] | null;
  /** Workflows, by exact name. */
  workflows?: readonly (string)[] | null;
  /** Triggers, by exact name. */
  triggers?: readonly (string)[] | null;
  /** Executions that used any of these models. */
  models?: readonly (string)[] | null;
  /** Included or On-Demand. */
  entryType?: EntryType | null;
}

/** One model call, or one report of a streamed one. */
export interface UsageEventInput {
  /**
   * The caller's own name for the event, up to 255 characters: counted once whatever is sent
   * again.
   */
  eventKey: string;
  /** What the money was spent on. */
  projectId: string;
  /** When the call was made; the server's now when omitted. */
  occurredAt?: string | null;
  /** The run, created or updated on the way. */
  run?: RunInput | null;
  /** The agent job, created or updated on the way; needs `run`. */
  job?: JobInput | null;
  /** Who ran the model; found from the model's name when omitted and unambiguous. */
  provider?: string | null;
  /** The model's exact name. */
  model: string;
  /** What the model was asked to do. */
  operation?: Operation;
  /** How the call ended. */
  outcome?: CallOutcome;
  /** Where it was asked. */
  surface?: Surface;
  /** Service tier by which it is billed (`batch`); the standard one when omitted. */
  serviceTier?: string | null;
  /** The key that called; the one in use when omitted. */
  apiKeyId?: string | null;
  /** The person it counts for. */
  userId?: string | null;
  /** Input tokens, as the provider counts them. */
  inputTokens?: number;
  /** Output tokens, as the provider counts them. */
  outputTokens?: number;
  /** Input tokens read from a cache. */
  cacheReadTokens?: number | null;
  /** Input tokens written to a 5-minute cache, or to one of unknown life. */
  cacheWrite5mTokens?: number | null;
  /** Input tokens written to a 1-hour cache. */
  cacheWrite1hTokens?: number | null;
  /** Reasoning tokens. */
  reasoningTokens?: number | null;
  /**
   * Whether `inputTokens` contains the cached ones (OpenAI: true, Anthropic: false). Required
   * with any cache count: a wrong guess is a wrong bill.
   */
  inputIncludesCache?: boolean | null;
  /**
   * Whether `outputTokens` contains the reasoning ones (OpenAI: true, Gemini: false). Required
   * with a reasoning count.
   */
  outputIncludesReasoning?: boolean | null;
  /** How long the call took. */
  durationMs?: number | null;
  /**
   * What the source said it cost, in dollars; kept beside our own figure, never used for it.
   */
  sourceCost?: string | number | null;
  /** For a call that streams: token counts here are then the call's so far. */
  stream?: StreamReportInput | null;
}

/** Values that occur, for the explorer's filters; each list at most 1,000, most used first. */
export interface UsageFilterOptions {
  /** Projects. */
  projects: Array<Project>;
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
  total: string;
  /** Buckets, oldest first, empty ones included. */
  points: Array<UsagePoint>;
}

/** One bucket of a line. */
export interface UsagePoint {
  /** The bucket. */
  period: Period;
  /** Use in it. */
  amount: string;
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
  cost: string | null;
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
  total: string;
  /** Transactions without a known price, left out. */
  unpricedTransactions: number;
  /** One line for each surface that occurs, WEB and CLI always; all have the same buckets. */
  lines: Array<UsageLine>;
}

/** What became of an event. */
export type UsageStatus =
  /** Written now. */
  | "RECORDED"
  /** Written before, with the same content: success. */
  | "DUPLICATE"
  /** Written before with other content; nothing was changed. */
  | "CONFLICT"
  /** Not written; see `userErrors`. */
  | "REJECTED";

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

/** Kinds of user errors. */
export type UserErrorCode =
  /** A field that is needed here is missing. */
  | "REQUIRED"
  /** A value makes no sense in its field. */
  | "INVALID"
  /** A number or date outside what is allowed. */
  | "OUT_OF_RANGE"
  /** More decimals than are kept (12). */
  | "TOO_PRECISE"
  /** A thing named by id or key does not exist, or is not the caller's to see. */
  | "NOT_FOUND"
  /**
   * The caller may see the thing but not do this. Only inside bulk results; a single mutation
   * answers in `errors`.
   */
  | "FORBIDDEN"
  /** The same key was used before with other content. */
  | "CONFLICT"
  /** The reservation was settled, released or has expired. */
  | "RESERVATION_ENDED"
  /** The figures have moved since they were shown; look again. */
  | "STALE";

/** One user's use (004). */
export interface UserSpend {
  /** Who; null for use that counts for nobody. */
  user: User | null;
  /** Model calls. */
  requests: number;
  /** Use, in the connection's `unit`. */
  amount: string;
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
  /** Entries with their cursors. */
  edges: Array<UserSpendEdge>;
  /** The entries alone. */
  nodes: Array<UserSpend>;
  /** Where the page begins and ends. */
  pageInfo: PageInfo;
}

/** One entry of a page of users by use. */
export interface UserSpendEdge {
  /** Where it stands. */
  cursor: string;
  /** The user's use. */
  node: UserSpend;
}

/** Who is asking. */
export interface Viewer {
  /** Identity of the viewer, for caches. */
  id: string;
  /** The person; null when a program asks with a key that belongs to nobody. */
  user: User | null;
  /** The key in use; null with a JWT. */
  apiKey: ApiKey | null;
  /**
   * The key's organization, or the person's default one: what `organization` without an id
   * answers.
   */
  organization: Organization;
  /** All organizations of the person, by name, at most 100. */
  organizations: Array<Organization>;
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
  /** Its projects that the viewer may see, by name. */
  projects: Field<{ first?: number | null; after?: string | null }, ProjectConnection | null>;
  /** Executions with their cost in the range, newest start first (000). */
  usageEntries: Field<{ range: RangeInput; filter?: UsageEntryFilter | null; first?: number | null; after?: string | null; last?: number | null; before?: string | null }, UsageEntryConnection | null>;
  /** Values that occur in the range, for the explorer's filters (000). */
  usageFilterOptions: Field<{ range: RangeInput }, UsageFilterOptions | null>;
  /** API calls, newest first (001). ADMIN of the workspace. */
  apiCalls: Field<{ range?: RangeInput | null; filter?: ApiCallFilter | null; first?: number | null; after?: string | null; last?: number | null; before?: string | null }, ApiCallConnection | null>;
  /** Spend and speed by API key (001). ADMIN of the workspace. */
  apiKeyUsage: Field<{ range?: RangeInput | null }, ApiKeyUsage | null>;
  /** Credit status for the editor's header (004). Any member of the workspace. */
  usageBar: UsageBar | null;
  /** API keys, by name. ADMIN of the workspace. */
  apiKeys: Field<{ first?: number | null; after?: string | null }, ApiKeyConnection | null>;
}

/** Workspaces, a page at a time. */
export interface WorkspaceConnection {
  /** Entries with their cursors. */
  edges: Array<WorkspaceEdge>;
  /** The entries alone. */
  nodes: Array<Workspace>;
  /** Where the page begins and ends. */
  pageInfo: PageInfo;
}

/** One entry of a page of workspaces. */
export interface WorkspaceEdge {
  /** Where it stands. */
  cursor: string;
  /** The workspace. */
  node: Workspace;
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
  /** Entries with their cursors. */
  edges: Array<WorkspaceGroupEdge>;
  /** The entries alone. */
  nodes: Array<WorkspaceGroup>;
  /** Where the page begins and ends. */
  pageInfo: PageInfo;
}

/** One entry of a page of workspace groups. */
export interface WorkspaceGroupEdge {
  /** Where it stands. */
  cursor: string;
  /** The group. */
  node: WorkspaceGroup;
}

/** Answer to `createWorkspaceGroup` and `renameWorkspaceGroup`. */
export interface WorkspaceGroupPayload {
  /** The group as it is now; null when refused. */
  workspaceGroup: WorkspaceGroup | null;
  /** What to put right. */
  userErrors: Array<UserError>;
}

/** One workspace group's use (004). */
export interface WorkspaceGroupSpend {
  /** Which group; null for workspaces in none. */
  group: WorkspaceGroup | null;
  /** Model calls. */
  requests: number;
  /** Use, in the connection's `unit`. */
  amount: string;
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
  /** Entries with their cursors. */
  edges: Array<WorkspaceGroupSpendEdge>;
  /** The entries alone. */
  nodes: Array<WorkspaceGroupSpend>;
  /** Where the page begins and ends. */
  pageInfo: PageInfo;
}

/** One entry of a page of workspace groups by use. */
export interface WorkspaceGroupSpendEdge {
  /** Where it stands. */
  cursor: string;
  /** The group's use. */
  node: WorkspaceGroupSpend;
}

/**
 * Answer to `createWorkspace`, `renameWorkspace`, `setWorkspaceGroup` and
 * `unsetWorkspaceGroup`.
 */
export interface WorkspacePayload {
  /** The workspace as it is now; null when refused. */
  workspace: Workspace | null;
  /** What to put right. */
  userErrors: Array<UserError>;
}

/** One workspace's use (004). */
export interface WorkspaceSpend {
  /** Which workspace. */
  workspace: Workspace;
  /** Model calls. */
  requests: number;
  /** Use, in the connection's `unit`. */
  amount: string;
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
  /** Entries with their cursors. */
  edges: Array<WorkspaceSpendEdge>;
  /** The entries alone. */
  nodes: Array<WorkspaceSpend>;
  /** Where the page begins and ends. */
  pageInfo: PageInfo;
}

/** One entry of a page of workspaces by use. */
export interface WorkspaceSpendEdge {
  /** Where it stands. */
  cursor: string;
  /** The workspace's use. */
  node: WorkspaceSpend;
}

/** A type and, where it takes some, its arguments with their types. */
export type FieldEntry = readonly [string, Readonly<Record<string, string>>?];

/** What a client must know at run time: of each type the fields that lead on. */
export const FIELDS: Readonly<Record<string, Readonly<Record<string, FieldEntry>>>> = {
  AgentJob: {
    run: ["PipelineRun"],
  },
  AgentJobConnection: {
    edges: ["AgentJobEdge"],
    nodes: ["AgentJob"],
    pageInfo: ["PageInfo"],
  },
  AgentJobEdge: {
    node: ["AgentJob"],
  },
  Alert: {
    project: ["Project"],
    cap: ["Cap"],
    runOut: ["RunOut"],
  },
  ApiCall: {
    apiKey: ["ApiKey"],
    tokens: ["TokenCounts"],
    project: ["Project"],
    run: ["PipelineRun"],
  },
  ApiCallConnection: {
    period: ["Period"],
    edges: ["ApiCallEdge"],
    nodes: ["ApiCall"],
    pageInfo: ["PageInfo"],
  },
  ApiCallEdge: {
    node: ["ApiCall"],
  },
  ApiKey: {
    user: ["User"],
    workspace: ["Workspace"],
    project: ["Project"],
  },
  ApiKeyConnection: {
    edges: ["ApiKeyEdge"],
    nodes: ["ApiKey"],
    pageInfo: ["PageInfo"],
  },
  ApiKeyEdge: {
    node: ["ApiKey"],
  },
  ApiKeyPayload: {
    apiKey: ["ApiKey"],
    userErrors: ["UserError"],
  },
  ApiKeySecretPayload: {
    apiKey: ["ApiKey"],
    userErrors: ["UserError"],
  },
  ApiKeySpend: {
    apiKey: ["ApiKey"],
  },
  ApiKeyUsage: {
    period: ["Period"],
    keys: ["ApiKeySpend"],
    models: ["ModelCalls"],
    providers: ["ModelCalls"],
    hours: ["HourCalls"],
    totals: ["ApiKeySpend"],
  },
  Billing: {
    grants: ["CreditGrantConnection", {"first": "Int", "after": "String"}],
  },
  Budget: {
    project: ["Project"],
    updatedBy: ["User"],
    changes: ["BudgetChangeConnection", {"first": "Int", "after": "String"}],
  },
  BudgetChange: {
    changedBy: ["User"],
  },
  BudgetChangeConnection: {
    edges: ["BudgetChangeEdge"],
    nodes: ["BudgetChange"],
    pageInfo: ["PageInfo"],
  },
  BudgetChangeEdge: {
    node: ["BudgetChange"],
  },
  Cap: {
    target: ["CapTarget"],
    currentPeriod: ["Period"],
    allowanceOf: ["Cap"],
    updatedBy: ["User"],
  },
  CapConnection: {
    edges: ["CapEdge"],
    nodes: ["Cap"],
    pageInfo: ["PageInfo"],
  },
  CapEdge: {
    node: ["Cap"],
  },
  CapRehearsal: {
    period: ["Period"],
    strikes: ["CapStrike"],
  },
  CapStrike: {
    period: ["Period"],
  },
  CreateDownloadPayload: {
    userErrors: ["UserError"],
  },
  CreditGrant: {
    grantedBy: ["User"],
  },
  CreditGrantConnection: {
    edges: ["CreditGrantEdge"],
    nodes: ["CreditGrant"],
    pageInfo: ["PageInfo"],
  },
  CreditGrantEdge: {
    node: ["CreditGrant"],
  },
  CreditTransaction: {
    credits: ["CreditSplit"],
    project: ["Project"],
    run: ["PipelineRun"],
    job: ["AgentJob"],
    apiKey: ["ApiKey"],
    user: ["User"],
    tokens: ["TokenCounts"],
    corrects: ["CreditTransaction"],
  },
  CreditTransactionConnection: {
    edges: ["CreditTransactionEdge"],
    nodes: ["CreditTransaction"],
    pageInfo: ["PageInfo"],
  },
  CreditTransactionEdge: {
    node: ["CreditTransaction"],
  },
  CreditUsage: {
    period: ["Period"],
    monthly: ["CreditBucket"],
    bonus: ["CreditBucket"],
    spendCap: ["Cap"],
    runOut: ["RunOut"],
  },
  CrossProjectSummary: {
    projects: ["ProjectSpend", {"limit": "Int!"}],
  },
  DailyPoint: {
    period: ["Period"],
  },
  GrantCreditsPayload: {
    organization: ["Organization"],
    userErrors: ["UserError"],
  },
  GrantMembershipPayload: {
    membership: ["Membership"],
    userErrors: ["UserError"],
  },
  InitiatorSeries: {
    days: ["InitiatorDay"],
  },
  Membership: {
    user: ["User"],
    workspace: ["Workspace"],
    project: ["Project"],
  },
  MembershipConnection: {
    edges: ["MembershipEdge"],
    nodes: ["Membership"],
    pageInfo: ["PageInfo"],
  },
  MembershipEdge: {
    node: ["Membership"],
  },
  MonthlyPoint: {
    period: ["Period"],
  },
  MonthlySummary: {
    project: ["Project"],
    period: ["Period"],
    agentBreakdown: ["AgentSpend"],
    topRuns: ["RunSpend", {"limit": "Int!"}],
  },
  Mutation: {
    setBudgetLimit: ["SetBudgetLimitPayload", {"input": "SetBudgetLimitInput!"}],
    removeBudgetLimit: ["SetBudgetLimitPayload", {"input": "RemoveBudgetLimitInput!"}],
    setBudgetLimits: ["SetBudgetLimitsPayload", {"input": "SetBudgetLimitsInput!"}],
    recordUsage: ["RecordUsagePayload", {"input": "RecordUsageInput!"}],
    recordRun: ["RecordRunPayload", {"input": "RecordRunInput!"}],
    reserveSpend: ["ReserveSpendResult", {"input": "ReserveSpendInput!"}],
    settleReservation: ["SettleReservationPayload", {"input": "SettleReservationInput!"}],
    releaseReservation: ["ReservationPayload", {"input": "ReleaseReservationInput!"}],
    extendReservation: ["ReservationPayload", {"input": "ExtendReservationInput!"}],
    setCap: ["SetCapPayload", {"input": "SetCapInput!"}],
    removeCap: ["RemoveCapPayload", {"input": "RemoveCapInput!"}],
    setPrice: ["SetPricePayload", {"input": "SetPriceInput!"}],
    repriceUsage: ["RepriceUsagePayload", {"input": "RepriceUsageInput!"}],
    createDownload: ["CreateDownloadPayload", {"input": "CreateDownloadInput!"}],
    updateOrganization: ["UpdateOrganizationPayload", {"input": "UpdateOrganizationInput!"}],
    updateBilling: ["UpdateBillingPayload", {"input": "UpdateBillingInput!"}],
    grantCredits: ["GrantCreditsPayload", {"input": "GrantCreditsInput!"}],
    createWorkspace: ["WorkspacePayload", {"input": "CreateWorkspaceInput!"}],
    renameWorkspace: ["WorkspacePayload", {"input": "RenameWorkspaceInput!"}],
    createWorkspaceGroup: ["WorkspaceGroupPayload", {"input": "CreateWorkspaceGroupInput!"}],
    renameWorkspaceGroup: ["WorkspaceGroupPayload", {"input": "RenameWorkspaceGroupInput!"}],
    setWorkspaceGroup: ["WorkspacePayload", {"input": "SetWorkspaceGroupInput!"}],
    unsetWorkspaceGroup: ["WorkspacePayload", {"input": "UnsetWorkspaceGroupInput!"}],
    createProject: ["ProjectPayload", {"input": "CreateProjectInput!"}],
    renameProject: ["ProjectPayload", {"input": "RenameProjectInput!"}],
    setProjectOwner: ["ProjectPayload", {"input": "SetProjectOwnerInput!"}],
    grantMembership: ["GrantMembershipPayload", {"input": "GrantMembershipInput!"}],
    revokeMembership: ["RevokeMembershipPayload", {"input": "RevokeMembershipInput!"}],
    createApiKey: ["ApiKeySecretPayload", {"input": "CreateApiKeyInput!"}],
    renameApiKey: ["ApiKeyPayload", {"input": "RenameApiKeyInput!"}],
    rotateApiKey: ["ApiKeySecretPayload", {"input": "RotateApiKeyInput!"}],
    revokeApiKey: ["ApiKeyPayload", {"input": "RevokeApiKeyInput!"}],
  },
  Organization: {
    billingCycle: ["Period"],
    billing: ["Billing"],
    workspaces: ["WorkspaceConnection", {"first": "Int", "after": "String"}],
    workspaceGroups: ["WorkspaceGroupConnection", {"first": "Int", "after": "String"}],
    creditUsage: ["CreditUsage"],
    usageSeries: ["UsageSeries", {"range": "RangeInput!", "granularity": "Granularity!"}],
    topWorkspaces: ["WorkspaceSpendConnection", {"range": "RangeInput", "first": "Int", "after": "String"}],
    topWorkspaceGroups: ["WorkspaceGroupSpendConnection", {"range": "RangeInput", "first": "Int", "after": "String"}],
    topUsers: ["UserSpendConnection", {"range": "RangeInput", "first": "Int", "after": "String"}],
    alerts: ["Alert"],
    members: ["MembershipConnection", {"first": "Int", "after": "String"}],
    apiKeys: ["ApiKeyConnection", {"first": "Int", "after": "String"}],
    prices: ["PriceConnection", {"provider": "String", "model": "String", "at": "DateTime", "first": "Int", "after": "String"}],
    caps: ["CapConnection", {"filter": "CapFilter", "first": "Int", "after": "String"}],
    reservations: ["ReservationConnection", {"filter": "ReservationFilter", "first": "Int", "after": "String"}],
    unpricedModels: ["UnpricedModelConnection", {"range": "RangeInput", "first": "Int", "after": "String"}],
    crossProjectSummary: ["CrossProjectSummary", {"month": "Month"}],
    tokenUsage: ["TokenUsage", {"filter": "TokenUsageFilter!"}],
    tokenUsageComparison: ["TokenUsageComparison", {"base": "TokenUsageFilter!", "other": "TokenUsageFilter!"}],
  },
  PipelineRun: {
    project: ["Project"],
    parent: ["PipelineRun"],
    jobs: ["AgentJobConnection", {"first": "Int", "after": "String"}],
  },
  PipelineRunConnection: {
    edges: ["PipelineRunEdge"],
    nodes: ["PipelineRun"],
    pageInfo: ["PageInfo"],
  },
  PipelineRunEdge: {
    node: ["PipelineRun"],
  },
  PriceConnection: {
    edges: ["PriceEdge"],
    nodes: ["Price"],
    pageInfo: ["PageInfo"],
  },
  PriceEdge: {
    node: ["Price"],
  },
  Project: {
    workspace: ["Workspace"],
    organization: ["Organization"],
    owner: ["User"],
    budget: ["Budget"],
    monthlySummary: ["MonthlySummary", {"month": "Month"}],
    monthlyTrend: ["MonthlyPoint", {"months": "Int!", "until": "Month"}],
    dailySpend: ["DailyPoint", {"days": "Int!", "until": "Date"}],
    recentTransactions: ["CreditTransaction", {"limit": "Int!", "kinds": "[TransactionKind!]!"}],
    transactions: ["CreditTransactionConnection", {"filter": "TransactionFilter", "first": "Int", "after": "String"}],
    pipelineRuns: ["PipelineRunConnection", {"first": "Int", "after": "String"}],
  },
  ProjectConnection: {
    edges: ["ProjectEdge"],
    nodes: ["Project"],
    pageInfo: ["PageInfo"],
  },
  ProjectEdge: {
    node: ["Project"],
  },
  ProjectPayload: {
    project: ["Project"],
    userErrors: ["UserError"],
  },
  ProjectSpend: {
    project: ["Project"],
  },
  Query: {
    node: ["Node", {"id": "ID!"}],
    viewer: ["Viewer"],
    organization: ["Organization", {"id": "ID"}],
    workspace: ["Workspace", {"id": "ID!"}],
    project: ["Project", {"id": "ID!"}],
    projects: ["ProjectConnection", {"filter": "ProjectFilter", "first": "Int", "after": "String"}],
    pipelineRun: ["PipelineRun", {"projectId": "ID!", "key": "String!"}],
    reservation: ["Reservation", {"key": "String!"}],
    agentTypes: ["AgentType"],
    monthlySummary: ["MonthlySummary", {"projectId": "ID!", "month": "Month"}],
    monthlyTrend: ["MonthlyPoint", {"projectId": "ID!", "months": "Int!", "until": "Month"}],
    crossProjectSummary: ["CrossProjectSummary", {"month": "Month", "scope": "ProjectScope!"}],
    recentTransactions: ["CreditTransaction", {"projectId": "ID!", "limit": "Int!", "kinds": "[TransactionKind!]!"}],
    dailySpend: ["DailyPoint", {"projectId": "ID!", "days": "Int!", "until": "Date"}],
    rehearseCap: ["CapRehearsal", {"input": "RehearseCapInput!"}],
  },
  RecordRunPayload: {
    run: ["PipelineRun"],
    userErrors: ["UserError"],
  },
  RecordUsagePayload: {
    results: ["UsageResult"],
    userErrors: ["UserError"],
  },
  RemoveCapPayload: {
    userErrors: ["UserError"],
  },
  RepriceUsagePayload: {
    repricing: ["Repricing"],
    userErrors: ["UserError"],
  },
  Repricing: {
    lines: ["RepricingLine"],
  },
  Reservation: {
    project: ["Project"],
    run: ["PipelineRun"],
    caps: ["Cap"],
  },
  ReservationConnection: {
    edges: ["ReservationEdge"],
    nodes: ["Reservation"],
    pageInfo: ["PageInfo"],
  },
  ReservationEdge: {
    node: ["Reservation"],
  },
  ReservationPayload: {
    reservation: ["Reservation"],
    userErrors: ["UserError"],
  },
  RevokeMembershipPayload: {
    user: ["User"],
    userErrors: ["UserError"],
  },
  RunSpend: {
    run: ["PipelineRun"],
  },
  SetBudgetLimitPayload: {
    budget: ["Budget"],
    project: ["Project"],
    userErrors: ["UserError"],
  },
  SetBudgetLimitsPayload: {
    results: ["SetBudgetLimitsResult"],
    userErrors: ["UserError"],
  },
  SetBudgetLimitsResult: {
    budget: ["Budget"],
    userErrors: ["UserError"],
  },
  SetCapPayload: {
    cap: ["Cap"],
    userErrors: ["UserError"],
  },
  SetPricePayload: {
    prices: ["Price"],
    repricing: ["Repricing"],
    userErrors: ["UserError"],
  },
  SettleReservationPayload: {
    reservation: ["Reservation"],
    result: ["UsageResult"],
    userErrors: ["UserError"],
  },
  SpendDenied: {
    cap: ["Cap"],
  },
  SpendGranted: {
    reservation: ["Reservation"],
    warnings: ["Cap"],
  },
  SpendRejected: {
    userErrors: ["UserError"],
  },
  TokenUsage: {
    period: ["Period"],
    daily: ["TokenUsageDay"],
    byInitiator: ["InitiatorSeries"],
    breakdown: ["ModelSpend", {"sort": "ModelSpendSort!", "descending": "Boolean!"}],
    totals: ["ModelSpend"],
  },
  TokenUsageComparison: {
    base: ["TokenUsage"],
    other: ["TokenUsage"],
  },
  UnpricedModelConnection: {
    edges: ["UnpricedModelEdge"],
    nodes: ["UnpricedModel"],
    pageInfo: ["PageInfo"],
  },
  UnpricedModelEdge: {
    node: ["UnpricedModel"],
  },
  UpdateBillingPayload: {
    organization: ["Organization"],
    userErrors: ["UserError"],
  },
  UpdateOrganizationPayload: {
    organization: ["Organization"],
    userErrors: ["UserError"],
  },
  UsageEntry: {
    run: ["PipelineRun"],
    project: ["Project"],
  },
  UsageEntryConnection: {
    period: ["Period"],
    edges: ["UsageEntryEdge"],
    nodes: ["UsageEntry"],
    pageInfo: ["PageInfo"],
  },
  UsageEntryEdge: {
    node: ["UsageEntry"],
  },
  UsageFilterOptions: {
    projects: ["Project"],
  },
  UsageLine: {
    points: ["UsagePoint"],
  },
  UsagePoint: {
    period: ["Period"],
  },
  UsageResult: {
    userErrors: ["UserError"],
  },
  UsageSeries: {
    period: ["Period"],
    lines: ["UsageLine"],
  },
  UserSpend: {
    user: ["User"],
  },
  UserSpendConnection: {
    period: ["Period"],
    edges: ["UserSpendEdge"],
    nodes: ["UserSpend"],
    pageInfo: ["PageInfo"],
  },
  UserSpendEdge: {
    node: ["UserSpend"],
  },
  Viewer: {
    user: ["User"],
    apiKey: ["ApiKey"],
    organization: ["Organization"],
    organizations: ["Organization"],
  },
  Workspace: {
    organization: ["Organization"],
    group: ["WorkspaceGroup"],
    projects: ["ProjectConnection", {"first": "Int", "after": "String"}],
    usageEntries: ["UsageEntryConnection", {"range": "RangeInput!", "filter": "UsageEntryFilter", "first": "Int", "after": "String", "last": "Int", "before": "String"}],
    usageFilterOptions: ["UsageFilterOptions", {"range": "RangeInput!"}],
    apiCalls: ["ApiCallConnection", {"range": "RangeInput", "filter": "ApiCallFilter", "first": "Int", "after": "String", "last": "Int", "before": "String"}],
    apiKeyUsage: ["ApiKeyUsage", {"range": "RangeInput"}],
    usageBar: ["UsageBar"],
    apiKeys: ["ApiKeyConnection", {"first": "Int", "after": "String"}],
  },
  WorkspaceConnection: {
    edges: ["WorkspaceEdge"],
    nodes: ["Workspace"],
    pageInfo: ["PageInfo"],
  },
  WorkspaceEdge: {
    node: ["Workspace"],
  },
  WorkspaceGroup: {
    organization: ["Organization"],
  },
  WorkspaceGroupConnection: {
    edges: ["WorkspaceGroupEdge"],
    nodes: ["WorkspaceGroup"],
    pageInfo: ["PageInfo"],
  },
  WorkspaceGroupEdge: {
    node: ["WorkspaceGroup"],
  },
  WorkspaceGroupPayload: {
    workspaceGroup: ["WorkspaceGroup"],
    userErrors: ["UserError"],
  },
  WorkspaceGroupSpend: {
    group: ["WorkspaceGroup"],
  },
  WorkspaceGroupSpendConnection: {
    period: ["Period"],
    edges: ["WorkspaceGroupSpendEdge"],
    nodes: ["WorkspaceGroupSpend"],
    pageInfo: ["PageInfo"],
  },
  WorkspaceGroupSpendEdge: {
    node: ["WorkspaceGroupSpend"],
  },
  WorkspacePayload: {
    workspace: ["Workspace"],
    userErrors: ["UserError"],
  },
  WorkspaceSpend: {
    workspace: ["Workspace"],
  },
  WorkspaceSpendConnection: {
    period: ["Period"],
    edges: ["WorkspaceSpendEdge"],
    nodes: ["WorkspaceSpend"],
    pageInfo: ["PageInfo"],
  },
  WorkspaceSpendEdge: {
    node: ["WorkspaceSpend"],
  },
};
