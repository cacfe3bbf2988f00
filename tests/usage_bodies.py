"""Usage bodies as providers answer them, made up, with the classes computed by hand."""

from typing import Any

from models.token import TokenCounts

Json = dict[str, Any]

OPENAI_CHAT: Json = {
    "id": "chatcmpl-1",
    "model": "gpt-4o-2024-08-06",
    "service_tier": "default",
    "usage": {
        "prompt_tokens": 1000,
        "completion_tokens": 300,
        "total_tokens": 1300,
        "prompt_tokens_details": {"cached_tokens": 600, "audio_tokens": 40},
        "completion_tokens_details": {"reasoning_tokens": 120, "audio_tokens": 0},
    },
}
OPENAI_RESPONSES: Json = {
    "id": "resp_1",
    "model": "gpt-5-2025-08-07",
    "service_tier": "flex",
    # A whole answer has keys that the session files of a command line also have.
    "input": "question",
    "output": [{"type": "message"}],
    "usage": {
        "input_tokens": 2000,
        "input_tokens_details": {"cached_tokens": 500, "cache_write_tokens": 100},
        "output_tokens": 400,
        "output_tokens_details": {"reasoning_tokens": 150},
        "total_tokens": 2400,
    },
}
ANTHROPIC: Json = {
    "id": "msg_1",
    "model": "claude-sonnet-4-5-20250929",
    "usage": {
        "input_tokens": 10,
        "cache_creation_input_tokens": 500,
        "cache_read_input_tokens": 2000,
        "cache_creation": {"ephemeral_5m_input_tokens": 200, "ephemeral_1h_input_tokens": 300},
        "output_tokens": 90,
        "output_tokens_details": {"thinking_tokens": 30},
        "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 1},
        "service_tier": "standard",
    },
}
GOOGLE: Json = {
    "modelVersion": "gemini-2.5-flash",
    "usageMetadata": {
        "promptTokenCount": 700,
        "cachedContentTokenCount": 250,
        "toolUsePromptTokenCount": 60,
        "candidatesTokenCount": 80,
        "thoughtsTokenCount": 45,
        "totalTokenCount": 885,
        "trafficType": "ON_DEMAND_FLEX",
        "promptTokensDetails": [
            {"modality": "TEXT", "tokenCount": 500},
            {"modality": "IMAGE", "tokenCount": 200},
        ],
    },
}
MISTRAL: Json = {
    "model": "mistral-large-latest",
    "usage": {"prompt_tokens": 70, "completion_tokens": 12, "total_tokens": 82},
}
BEDROCK: Json = {
    "usage": {
        "inputTokens": 5,
        "outputTokens": 20,
        "totalTokens": 1825,
        "cacheReadInputTokens": 1000,
        "cacheWriteInputTokens": 800,
        "cacheDetails": [{"ttl": "1h", "inputTokens": 700}, {"ttl": "5m", "inputTokens": 100}],
    },
    "serviceTier": {"type": "priority"},
}
DEEPSEEK: Json = {
    "model": "deepseek-reasoner",
    "usage": {
        "prompt_tokens": 900,
        "prompt_cache_hit_tokens": 640,
        "prompt_cache_miss_tokens": 260,
        "completion_tokens": 100,
        "completion_tokens_details": {"reasoning_tokens": 70},
        "total_tokens": 1000,
    },
}
GROQ: Json = {
    "model": "openai/gpt-oss-120b",
    "service_tier": "on_demand",
    "usage": {
        "queue_time": 0.05,
        "prompt_tokens": 336,
        "prompt_time": 0.56,
        "completion_tokens": 96,
        "completion_tokens_details": {"reasoning_tokens": 59},
        "prompt_tokens_details": {"cached_tokens": 256},
        "total_tokens": 432,
    },
}
COHERE: Json = {
    "usage": {
        "billed_units": {"input_tokens": 51.0, "output_tokens": 13.0},
        "tokens": {"input_tokens": 1533.0, "output_tokens": 36.0},
        "cached_tokens": 1440,
    }
}
XAI: Json = {
    "model": "grok-4",
    "usage": {
        "prompt_tokens": 32,
        "completion_tokens": 9,
        "total_tokens": 135,
        "prompt_tokens_details": {"cached_tokens": 6},
        "completion_tokens_details": {"reasoning_tokens": 94},
    },
}
OPENROUTER: Json = {
    "model": "anthropic/claude-4.6-sonnet-20260217",
    "usage": {
        "prompt_tokens": 3329,
        "prompt_tokens_details": {"cached_tokens": 3211, "cache_write_tokens": 115},
        "completion_tokens": 53,
        "completion_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 3382,
        "cost": 0.00219855,
    },
}
PERPLEXITY: Json = {
    "model": "sonar-deep-research",
    "usage": {
        "prompt_tokens": 33,
        "completion_tokens": 7000,
        "reasoning_tokens": 900,
        "citation_tokens": 200,
        "num_search_queries": 18,
    },
}
DATABRICKS: Json = {
    "model": "databricks-claude-sonnet-4",
    "usage": {"prompt_tokens": 50, "cache_read_input_tokens": 20, "completion_tokens": 7},
}
AZURE_EMBEDDINGS: Json = {
    "model": "text-embedding-3-small",
    "usage": {"prompt_tokens": 8, "total_tokens": 8},
}
VOYAGE: Json = {"model": "voyage-3", "usage": {"total_tokens": 17}}
TOGETHER: Json = {
    "model": "meta-llama/Llama-3.3-70B",
    "usage": {"prompt_tokens": 11, "completion_tokens": 4, "total_tokens": 15},
}
CLOUDFLARE: Json = {
    "result": {
        "model": "@cf/meta/llama-3",
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
    },
    "success": True,
}
REALTIME: Json = {
    "type": "response.done",
    "response": {
        "max_output_tokens": 4096,
        "usage": {
            "total_tokens": 253,
            "input_tokens": 132,
            "output_tokens": 121,
            "input_token_details": {"text_tokens": 119, "audio_tokens": 13, "cached_tokens": 64},
            "output_token_details": {"text_tokens": 30, "audio_tokens": 91},
        },
    },
}
GEMINI_LIVE: Json = {
    "usageMetadata": {
        "promptTokenCount": 100,
        "responseTokenCount": 50,
        "thoughtsTokenCount": 7,
        "totalTokenCount": 157,
    }
}
CODEX: Json = {
    "input_tokens": 5000,
    "cached_input_tokens": 4200,
    "output_tokens": 310,
    "reasoning_output_tokens": 256,
    "total_tokens": 5310,
}
GEMINI_CLI: Json = {
    "type": "gemini",
    "model": "gemini-2.5-pro",
    "tokens": {
        "input": 8000,
        "output": 100,
        "cached": 3000,
        "thoughts": 40,
        "tool": 5,
        "total": 8145,
    },
}

ANSWERS: list[tuple[str | None, Json, str, TokenCounts]] = [
    ("openai", OPENAI_CHAT, "chat", TokenCounts(400, 600, 0, 0, 180, 120)),
    ("openai", OPENAI_RESPONSES, "responses", TokenCounts(1400, 500, 100, 0, 250, 150)),
    ("azure", OPENAI_RESPONSES, "responses", TokenCounts(1400, 500, 100, 0, 250, 150)),
    ("anthropic", ANTHROPIC, "default", TokenCounts(10, 2000, 200, 300, 60, 30)),
    ("google", GOOGLE, "default", TokenCounts(510, 250, 0, 0, 80, 45)),
    ("mistral", MISTRAL, "default", TokenCounts(70, 0, 0, 0, 12, 0)),
    ("aws", BEDROCK, "default", TokenCounts(5, 1000, 100, 700, 20, 0)),
    ("deepseek", DEEPSEEK, "cache-hit", TokenCounts(260, 640, 0, 0, 30, 70)),
    ("groq", GROQ, "default", TokenCounts(80, 256, 0, 0, 37, 59)),
    ("cohere", COHERE, "default", TokenCounts(51, 0, 0, 0, 13, 0)),
    ("x-ai", XAI, "chat", TokenCounts(26, 6, 0, 0, 9, 94)),
    ("openrouter", OPENROUTER, "chat", TokenCounts(3, 3211, 115, 0, 53, 0)),
    ("perplexity", PERPLEXITY, "default", TokenCounts(33, 0, 0, 0, 7200, 900)),
    ("databricks", DATABRICKS, "default", TokenCounts(30, 20, 0, 0, 7, 0)),
    ("azure", AZURE_EMBEDDINGS, "embeddings", TokenCounts(8)),
    ("voyageai", VOYAGE, "embeddings", TokenCounts(17)),
    ("together", TOGETHER, "chat", TokenCounts(11, 0, 0, 0, 4, 0)),
    ("cloudflare", CLOUDFLARE, "default", TokenCounts(3, 0, 0, 0, 2, 0)),
    ("openai", REALTIME, "realtime", TokenCounts(68, 64, 0, 0, 121, 0)),
    ("google", GEMINI_LIVE, "live", TokenCounts(100, 0, 0, 0, 50, 7)),
    ("openai", CODEX, "codex", TokenCounts(800, 4200, 0, 0, 54, 256)),
    ("google", GEMINI_CLI, "gemini-cli", TokenCounts(5005, 3000, 0, 0, 100, 40)),
]
