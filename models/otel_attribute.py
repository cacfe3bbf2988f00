"""The names under which instrumentations tell the same thing, the most exact name first.

Families: OpenTelemetry's semantic conventions, current and before 1.37 (`gen_ai.*`), OpenLLMetry
(`gen_ai.usage.*_tokens` in older spellings, `llm.usage.*`, `traceloop.*`), OpenInference
(`llm.token_count.*`), Vercel's AI SDK (`ai.*`), pydantic-ai (`gen_ai.usage.details.*`), Strands
(`cache_write_input_tokens`), and what aicost itself understands (`aicost.*`). Refused: total token
counts, under whatever name: adding them would bill every token twice.
"""

PROVIDER = (
    "gen_ai.provider.name",
    "gen_ai.system",
    "llm.provider",
    "llm.system",
    "ai.model.provider",
)
MODEL = (
    "gen_ai.response.model",
    "gen_ai.request.model",
    "llm.model_name",
    "ai.response.model",
    "ai.model.id",
    "embedding.model_name",
)
RESPONSE_ID = ("gen_ai.response.id", "ai.response.id")
SERVICE_TIER = (
    "openai.response.service_tier",
    "gen_ai.openai.response.service_tier",
    "gen_ai.response.service_tier",
)
SOURCE_COST = ("gen_ai.usage.cost", "llm.cost.total", "operation.cost")


def _usage(*names: str) -> tuple[str, ...]:
    """Names as they stand under `gen_ai.usage.`, and bare, as collectors' rules leave them."""
    return (*(f"gen_ai.usage.{name}" for name in names), *names)


INPUT = (
    *_usage("input_tokens", "prompt_tokens"),
    "llm.token_count.prompt",
    "llm.usage.prompt_tokens",
    "ai.usage.inputTokens",
    "ai.usage.promptTokens",
    "ai.usage.tokens",
)
OUTPUT = (
    *_usage("output_tokens", "completion_tokens"),
    "llm.token_count.completion",
    "llm.usage.completion_tokens",
    "ai.usage.outputTokens",
    "ai.usage.completionTokens",
)
CACHE_READ = (
    *_usage("cache_read.input_tokens", "cache_read_input_tokens", "input_cached_tokens"),
    "llm.token_count.prompt_details.cache_read",
    "ai.usage.cachedInputTokens",
    "ai.usage.inputTokenDetails.cacheReadTokens",
    "gen_ai.usage.details.cache_read_tokens",
)
CACHE_WRITE = (
    *_usage(
        "cache_creation.input_tokens",
        "cache_creation_input_tokens",
        "input_cache_creation",
        "cache_write_input_tokens",
    ),
    "llm.token_count.prompt_details.cache_write",
    "ai.usage.inputTokenDetails.cacheWriteTokens",
    "gen_ai.usage.details.cache_write_tokens",
)
REASONING = (
    *_usage("reasoning.output_tokens", "reasoning_tokens"),
    "llm.token_count.completion_details.reasoning",
    "ai.usage.reasoningTokens",
    "ai.usage.outputTokenDetails.reasoningTokens",
    "gen_ai.usage.details.reasoning_tokens",
)
TOKENS = (*INPUT, *OUTPUT, *CACHE_READ, *CACHE_WRITE, *REASONING)

OPERATION = ("gen_ai.operation.name", "llm.request.type")
AI_OPERATION = ("ai.operationId", "operation.name")
AI_INPUT_DETAILS = "ai.usage.inputTokenDetails.noCacheTokens"
AI_PROVIDER_METADATA = "ai.response.providerMetadata"
ADK_RESPONSE = "gcp.vertex.agent.llm_response"
OPENINFERENCE_KIND = "openinference.span.kind"
TRACELOOP_KIND = "traceloop.span.kind"
AGENT_NAME = ("gen_ai.agent.name", "agent.name", "agent_name")
AGENT_ID = ("gen_ai.agent.id",)
CONVERSATION = ("gen_ai.conversation.id",)
WORKFLOW = ("gen_ai.workflow.name", "traceloop.workflow.name")
SERVICE_NAME = "service.name"

PROJECT_ID = "aicost.project.id"
PROJECT = "aicost.project"
SURFACE = "aicost.surface"
API_KEY_ID = "aicost.api_key.id"
USER_ID = "aicost.user.id"
INPUT_INCLUDES_CACHE = "aicost.input_includes_cache"
OUTPUT_INCLUDES_REASONING = "aicost.output_includes_reasoning"

WANTED = frozenset(
    (
        *PROVIDER,
        *MODEL,
        *RESPONSE_ID,
        *SERVICE_TIER,
        *SOURCE_COST,
        *TOKENS,
        *OPERATION,
        *AI_OPERATION,
        AI_INPUT_DETAILS,
        AI_PROVIDER_METADATA,
        ADK_RESPONSE,
        OPENINFERENCE_KIND,
        TRACELOOP_KIND,
        *AGENT_NAME,
        *AGENT_ID,
        *CONVERSATION,
        *WORKFLOW,
        SERVICE_NAME,
        PROJECT_ID,
        PROJECT,
        SURFACE,
        API_KEY_ID,
        USER_ID,
        INPUT_INCLUDES_CACHE,
        OUTPUT_INCLUDES_REASONING,
    )
)
"""Every attribute that is read. Doors drop all others while they decode."""
