"""The type of the tRPC router, for `createTRPCClient<AppRouter>()`: `router.ts` of the client.

Also a program that calls every procedure, which the compiler checks. Names of answers are those of
the schema's types; what an answer only refers to is a `...Reference`.
"""

import json
from collections.abc import Iterable, Iterator
from itertools import groupby

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    get_named_type,
    is_leaf_type,
)

from api.trpc_procedure import Inputs, Prepared
from api.trpc_shape import EXACT, USER_ERRORS, Part, Shape, is_one_of
from api.typescript import (
    GENERATED,
    comment,
    input_type,
    interface,
    is_required,
    output_type,
)

_HEAD = """
import type {
  TRPCBuiltRouter,
  TRPCMutationProcedure,
  TRPCQueryProcedure,
  TRPC_ERROR_CODE_KEY,
  TRPC_ERROR_CODE_NUMBER,
} from "@trpc/server";
import type * as schema from "./schema.js";
"""
_ERRORS = """/** What `TRPCClientError.data` and `.shape` hold. */
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
"""
_ROUTER = """/** The server's procedures: `createTRPCClient<AppRouter>({ links })`. */
export type AppRouter = TRPCBuiltRouter<
  { ctx: object; meta: object; errorShape: ErrorShape; transformer: false },
  Procedures
>;
"""


class Router:
    """Writes the router's types for a list of procedures."""

    def __init__(self, procedures: Iterable[Prepared]) -> None:
        self._procedures = list(procedures)
        self._roots = {id(it.shape) for it in self._procedures if it.shape}
        self._names: dict[int, str] = {}
        self._shapes: dict[str, Shape] = {}
        for procedure in self._procedures:
            self._collect(procedure.shape)

    def module(self) -> str:
        """The text of `router.ts`."""
        enums = ",\n  ".join(sorted(set(self._enums())))
        imported = f'import type {{\n  {enums},\n}} from "./schema.js";\n'
        answers = [self._declaration(self._shapes[name]) for name in sorted(self._shapes)]
        groups = groupby(self._procedures, key=lambda it: it.name.partition(".")[0])
        listed: dict[str, list[str]] = {}
        for space, members in groups:
            listed.setdefault(space, []).extend(self._procedure(it) for it in members)
        spaces = "\n".join(
            f"  {space}: {{\n{''.join(members)}  }};" for space, members in listed.items()
        )
        procedures = f"type Procedures = {{\n{spaces}\n}};\n"
        return "\n".join([GENERATED + _HEAD + imported, *answers, _ERRORS, procedures, _ROUTER])

    def program(self) -> str:
        """The text of a program that calls every procedure."""
        calls = "".join(self._call(it) for it in self._procedures)
        return (
            f"{GENERATED}\n"
            'import type { TRPCClient } from "@trpc/client";\n'
            'import type * as answer from "../src/router.js";\n\n'
            "/** Calls every procedure with what it must be given, for the compiler to check. */\n"
            "export async function everyProcedure(\n"
            "  client: TRPCClient<answer.AppRouter>,\n"
            f"): Promise<void> {{\n{calls}}}\n"
        )

    # ---- answers

    def _collect(self, shape: Shape | None) -> None:
        if shape is None or id(shape) in self._names:
            return
        name = shape.type.name + ("Reference" if shape.is_reference else "")
        known = self._shapes.get(name)
        if known is not None and known.selection() != shape.selection():
            name += "Within"
        self._names[id(shape)] = name
        self._shapes.setdefault(name, shape)
        for below in (*(part.shape for part in shape.fields.values()), *shape.members):
            self._collect(below)

    def _enums(self) -> Iterator[str]:
        for shape in self._shapes.values():
            for part in shape.fields.values():
                named = get_named_type(part.field.type)
                if isinstance(named, GraphQLEnumType):
                    yield named.name

    def _declaration(self, shape: Shape) -> str:
        name = self._names[id(shape)]
        if shape.members:
            members = [it for it in shape.members if it.fields.keys() != {USER_ERRORS}]
            choices = "\n".join(
                f'  | ({{ __typename: "{it.type.name}" }} & {self._names[id(it)]})'
                for it in members
            )
            return f"{comment(shape.type.description)}export type {name} =\n{choices};\n"
        lines = [
            line
            for part in shape.fields.values()
            if not (part.name == USER_ERRORS and id(shape) in self._roots)
            for line in self._part(part)
        ]
        return interface(shape.type, lines, name)

    def _part(self, part: Part) -> Iterator[str]:
        about = comment(part.field.description, 2)
        if not part.is_decimal:
            yield f"{about}  {part.name}: {self._output(part)};"
            return
        number = output_type(part.field.type, str, "number")
        yield f"{about}  {part.name}: {number};"
        exact = comment(f"`{part.name}` to the last digit.", 2)
        yield f"{exact}  {part.name}{EXACT}: {output_type(part.field.type, str, 'string')};"

    def _output(self, part: Part) -> str:
        shape = part.shape
        return output_type(part.field.type, lambda _: self._names[id(shape)])

    def _answer(self, procedure: Prepared) -> str:
        """The type of a whole answer, which is never null: what failed is an error."""
        shape = procedure.shape
        type_ = procedure.type
        required = type_ if isinstance(type_, GraphQLNonNull) else GraphQLNonNull(type_)
        return output_type(required, lambda _: self._names[id(shape)])

    # ---- procedures

    def _procedure(self, procedure: Prepared) -> str:
        _, _, name = procedure.name.partition(".")
        kind = procedure.kind.capitalize()
        about = comment(procedure.steps[-1].field.description, 4)
        input_ = _input(procedure)
        return f"{about}    {name}: {kind}<{input_}, {self._answer(procedure)}>;\n"

    def _call(self, procedure: Prepared) -> str:
        whole = procedure.input_type
        given = _sample_object(procedure.inputs) if whole is None else _sample(whole)
        call = "query" if procedure.kind == "query" else "mutate"
        sent = "" if given == "{}" else given
        answer = self._answer(procedure)
        shape = procedure.shape
        if shape is not None:
            name = self._names[id(shape)]
            answer = answer.replace(name, f"answer.{name}")
        variable = "".join(word[0].upper() + word[1:] for word in procedure.name.split("."))
        return (
            f"  const a{variable}: {answer} = await client.{procedure.name}.{call}({sent});\n"
            f"  void a{variable};\n"
        )


def _input(procedure: Prepared) -> str:
    optional = not any(is_required(it) for it in procedure.inputs.values())
    if not procedure.inputs:
        return "void"
    if procedure.input_type is not None:
        text = f"schema.{procedure.input_type.name}"
        optional &= not is_one_of(procedure.input_type)
    else:
        members = [_qualified(name, it.type, is_required(it))
                   for name, it in procedure.inputs.items()]  # fmt: skip
        text = f"{{ {'; '.join(members)} }}"
    return f"{text} | void" if optional else text


def _qualified(name: str, type_: GraphQLInputType, required: bool) -> str:
    text, named = input_type(type_), get_named_type(type_)
    if not is_leaf_type(named) or isinstance(named, GraphQLEnumType):
        text = text.replace(named.name, f"schema.{named.name}")
    return f"{name}{'' if required else '?'}: {text}"


# ---- something to send


def _sample_object(inputs: Inputs) -> str:
    required = [(name, it.type) for name, it in inputs.items() if is_required(it)]
    members = ", ".join(f"{name}: {_sample(type_)}" for name, type_ in required)
    return f"{{ {members} }}" if members else "{}"


def _sample(type_: GraphQLInputType) -> str:
    if isinstance(type_, GraphQLNonNull):
        return _sample(type_.of_type)
    if isinstance(type_, GraphQLList):
        return f"[{_sample(type_.of_type)}]"
    if isinstance(type_, GraphQLEnumType):
        return json.dumps(next(iter(type_.values)))
    if isinstance(type_, GraphQLInputObjectType):
        if is_one_of(type_):
            name, chosen = next(iter(type_.fields.items()))
            return f"{{ {name}: {_sample(chosen.type)} }}"
        return _sample_object(type_.fields)
    return {"Boolean": "true", "Int": "1", "BigInt": "1", "Float": "0.5", "Decimal": "0.5"}.get(
        str(type_), json.dumps("x")
    )
