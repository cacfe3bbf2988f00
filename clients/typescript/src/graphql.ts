// A small client for the GraphQL door: a selection in, an answer of exactly that shape out.

import { FIELDS, type Mutation, type Query } from "./schema.js";
import type { Answer, Known, Selection } from "./selection.js";

/** One entry of GraphQL's `errors`. */
export interface GraphQLErrorEntry {
  message: string;
  path?: Array<string | number>;
  extensions?: { code?: string; requestId?: string; retryAfterSeconds?: number };
}

/** The server refused something; `data` is what came through nevertheless. */
export class GraphQLRequestError extends Error {
  readonly errors: readonly GraphQLErrorEntry[];
  readonly data: unknown;
  readonly status: number;

  constructor(status: number, errors: readonly GraphQLErrorEntry[], data: unknown) {
    super(errors[0]?.message ?? `The server answered ${status}.`);
    this.name = "GraphQLRequestError";
    this.status = status;
    this.errors = errors;
    this.data = data;
  }
}

/** Where and as whom to ask. */
export interface GraphQLClientOptions {
  /** The address of `/graphql`. */
  url: string;
  /** Headers of every request, such as `authorization`. */
  headers?: Record<string, string> | (() => Record<string, string>);
  /** Instead of the global `fetch`. */
  fetch?: typeof fetch;
}

/**
 * Asks the schema. Money comes as exact decimal strings.
 *
 * ```ts
 * const { monthlySummary } = await client.query({
 *   monthlySummary: [{ projectId }, { totalCost: true, topRuns: { runId: true, cost: true } }],
 * });
 * ```
 */
export class GraphQLClient {
  readonly #options: GraphQLClientOptions;

  constructor(options: GraphQLClientOptions) {
    this.#options = options;
  }

  /** Fields of `Query`. Throws GraphQLRequestError when any was refused. */
  async query<const S extends Selection<Query>>(
    selection: S & Known<Query, S>,
  ): Promise<Answer<Query, S>> {
    return (await this.#ask("query", "Query", selection)) as Answer<Query, S>;
  }

  /** Fields of `Mutation`, one after the other. What the caller can put right is in `userErrors`. */
  async mutate<const S extends Selection<Mutation>>(
    selection: S & Known<Mutation, S>,
  ): Promise<Answer<Mutation, S>> {
    return (await this.#ask("mutation", "Mutation", selection)) as Answer<Mutation, S>;
  }

  async #ask(kind: string, type: string, selection: object): Promise<unknown> {
    const { url, headers, fetch: ask = fetch } = this.#options;
    const response = await ask(url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/graphql-response+json",
        ...(typeof headers === "function" ? headers() : headers),
      },
      body: JSON.stringify(write(kind, type, selection)),
    });
    const body = (await response.json()) as { data?: unknown; errors?: GraphQLErrorEntry[] };
    if (body.errors !== undefined || !response.ok) {
      throw new GraphQLRequestError(response.status, body.errors ?? [], body.data);
    }
    return body.data;
  }
}

/** The document of a selection; arguments travel as variables, never as text. */
export function write(
  kind: string,
  type: string,
  selection: object,
): { query: string; variables: Record<string, unknown> } {
  const declared: string[] = [];
  const variables: Record<string, unknown> = {};

  function below(type: string, selection: object): string {
    const parts: string[] = [];
    for (const [name, chosen] of Object.entries(selection) as Array<[string, unknown]>) {
      if (chosen === undefined) continue;
      if (name === "on") {
        parts.push("__typename");
        for (const [member, inner] of Object.entries(chosen as object)) {
          parts.push(`... on ${member} ${below(member, inner as object)}`);
        }
        continue;
      }
      const [given, inner] = Array.isArray(chosen) ? chosen : [{}, chosen];
      const [named = "", types = {}] = FIELDS[type]?.[name] ?? [];
      const said = Object.entries(given as object)
        .filter(([, value]) => value !== undefined)
        .map(([argument, value]) => {
          const variable = `v${declared.length}`;
          declared.push(`$${variable}: ${types[argument]}`);
          variables[variable] = value;
          return `${argument}: $${variable}`;
        });
      const fields = inner === true ? "" : ` ${below(named, inner as object)}`;
      parts.push(`${name}${said.length > 0 ? `(${said.join(", ")})` : ""}${fields}`);
    }
    return `{ ${parts.join(" ")} }`;
  }

  const fields = below(type, selection);
  const head = declared.length > 0 ? ` (${declared.join(", ")})` : "";
  return { query: `${kind}${head} ${fields}`, variables };
}
