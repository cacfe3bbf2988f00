export * from "./graphql.js";
export type * from "./router.js";
export type * as schema from "./schema.js";
export type { Answer, Selection } from "./selection.js";
