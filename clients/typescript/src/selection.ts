// What may be selected from a type of the schema, and what a selection answers.

/** A field that takes arguments. */
export interface Field<Arguments, Answer> {
  readonly $arguments: Arguments;
  readonly $answer: Answer;
}

/** One of several types, by name. */
export interface Union<Members> {
  readonly $members: Members;
}

type Leaf = string | number | boolean;
type Bare<T> = T extends null ? never : T extends Array<infer Each> ? Bare<Each> : T;
type Of<T> = [T] extends [Leaf]
  ? true
  : T extends Union<infer Members>
    ? { readonly on: { readonly [Name in keyof Members]?: Selection<Members[Name]> } }
    : { readonly [Name in keyof T]?: OfField<T[Name]> };
type OfField<T> =
  T extends Field<infer Arguments, infer Answer>
    ? readonly [Arguments, Selection<Answer>] | (object extends Arguments ? Selection<Answer> : never)
    : Selection<T>;

/**
 * Fields to ask for: `true` for a plain one, an object for what has fields of its own, and
 * `[arguments, selection]` for a field that takes arguments.
 */
export type Selection<T> = Of<Bare<T>>;

/** What a selection answers. */
export type Answer<T, S> = T extends null
  ? null
  : T extends Array<infer Each>
    ? Array<Answer<Each, S>>
    : T extends Leaf
      ? T
      : T extends Union<infer Members>
        ? AnswerOf<Members, S extends { readonly on: infer On } ? On : object>
        : { -readonly [Name in keyof S & keyof T]: AnswerOfField<T[Name], S[Name]> };
type AnswerOf<Members, On> = {
  [Name in keyof Members]: { __typename: Name } & (Name extends keyof On
    ? Answer<Members[Name], On[Name]>
    : object);
}[keyof Members];
type AnswerOfField<T, S> =
  T extends Field<unknown, infer Inner>
    ? Answer<Inner, S extends readonly [unknown, infer Chosen] ? Chosen : S>
    : Answer<T, S>;

/** A selection in which every name is one of the type's. */
export type Known<T, S> = S extends readonly [infer Arguments, infer Chosen]
  ? T extends Field<unknown, infer Inner>
    ? readonly [Arguments, Known<Bare<Inner>, Chosen>]
    : never
  : T extends Field<unknown, infer Inner>
    ? Known<Bare<Inner>, S>
    : T extends Union<unknown>
      ? S
      : S extends object
        ? { [Name in keyof S]: Name extends keyof T ? Known<Member<T[Name]>, S[Name]> : never }
        : S;
type Member<T> = T extends Field<unknown, unknown> ? T : Bare<T>;
